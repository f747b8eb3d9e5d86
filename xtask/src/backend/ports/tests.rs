use super::*;

#[test]
fn a_port_with_a_listener_is_passed_over() {
    let taken =
        (21_000..22_000).find_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()).unwrap();
    let port = taken.local_addr().unwrap().port();
    let [first, second] = two_free(port).unwrap();
    assert!(port < first && first < second && second < FIRST_EPHEMERAL);
}

#[test]
fn ephemeral_ports_are_never_chosen() {
    assert_eq!(two_free(FIRST_EPHEMERAL), None);
    assert_eq!(two_free(FIRST_EPHEMERAL - 1), None);
}

#[test]
fn only_one_at_a_time_chooses() {
    let folder = tempfile::tempdir().unwrap();
    let first = turn(folder.path()).unwrap();
    let second = File::open(folder.path().join("connectors-backend-ports.lock")).unwrap();
    assert!(second.try_lock().is_err());
    drop(first);
    second.lock().unwrap();
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let error = turn(Path::new("/no/such/folder")).unwrap_err().to_string();
    assert!(error.starts_with("cannot open /no/such/folder/connectors-backend-ports.lock"), "{error}");
}
