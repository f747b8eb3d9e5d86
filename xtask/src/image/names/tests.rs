use super::*;

fn query(name: &str, kind: u8) -> Vec<u8> {
    let mut query = vec![7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(u8::try_from(label.len()).unwrap());
        query.extend(label.bytes());
    }
    query.extend([0, 0, kind, 0, 1]);
    query
}

#[test]
fn the_known_name_has_one_address_and_others_are_not_there() {
    for (name, kind, code, answers) in
        [(KNOWN, 1, 0, 1), ("BY-dns.image.test", 1, 0, 1), (KNOWN, 28, 0, 0), ("nowhere.invalid", 1, 3, 0)]
    {
        let query = query(name, kind);
        let answer = answer(&query).unwrap();
        assert_eq!((&answer[..2], answer[3] & 15, answer[7]), (&query[..2], code, answers), "{name} {kind}");
        assert_eq!(answer[12..query.len()], query[12..]);
        let address: &[u8] = if answers == 1 { &[127, 0, 0, 1] } else { &[] };
        assert!(answer.ends_with(address) && answer.len() == query.len() + usize::from(answers) * 16);
    }
}

#[test]
fn what_is_no_query_gets_no_answer() {
    let whole = query(KNOWN, 1);
    for length in 0..whole.len() - 2 {
        assert_eq!(answer(&whole[..length]), None, "{length} bytes");
    }
}

#[test]
fn it_answers_until_it_is_dropped() {
    let names = Names::start(0).unwrap();
    let client = UdpSocket::bind((ADDRESS, 0)).unwrap();
    client.connect(names.address()).unwrap();
    client.send(&query(KNOWN, 1)).unwrap();
    let mut buffer = [0; 512];
    let length = client.recv(&mut buffer).unwrap();
    assert!(buffer[..length].ends_with(&[127, 0, 0, 1]));
    // Waits for the end of its thread.
    drop(names);
}
