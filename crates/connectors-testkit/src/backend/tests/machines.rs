//! How programs get onto a machine, and as whom they run.

use super::*;

fn needs(program: Program) -> Backend {
    Backend::new("it", program).first_port(24_700).arguments("{port}")
}

#[tokio::test]
async fn a_program_that_is_missing_is_told_with_the_package_to_install() {
    let told = failure(
        needs(Program::named("redis-server").apt(&["redis-server"]).variable("REDIS")),
        &Place::new(),
    )
    .await;
    let expected = "it: no `redis-server` was found; install them: apt-get install redis-server; \
                    or let cargo xtask do it, by CONNECTORS_INSTALL=1; REDIS names another `redis-server`";
    assert_eq!(told, expected);
}

#[tokio::test]
async fn packages_are_installed_where_we_may() {
    let apt = "for last; do :; done; [ \"$last\" != it ] || printf '#!/bin/sh\\necho here; exit 4' > \"${0%/*}/it\"; chmod 755 \"${0%/*}/it\"; :";
    for (place, prefix) in [
        (Place::new().root().program("env", "shift; exec \"${0%/*}/$1\" \"$@\""), "env"),
        (Place::new().program("sudo", "shift; exec \"${0%/*}/$1\" \"$@\""), "sudo"),
    ] {
        let place = place.program("apt-get", apt).variable("CONNECTORS_INSTALL", "1");
        let told = failure(needs(Program::named("it").apt(&["it"])), &place).await;
        assert_eq!(told, "it: it ended with status 4 before it was ready\n    here");
        let calls = place.calls();
        assert_eq!(calls[0], format!("{prefix} DEBIAN_FRONTEND=noninteractive apt-get update -qq"));
        assert!(calls[2].ends_with("apt-get install -y -qq --no-install-recommends it"), "{calls:?}");
    }
    let offline = Place::new()
        .root()
        .variable("CONNECTORS_INSTALL", "1")
        .program("env", "echo no network >&2; exit 100");
    let told = failure(needs(Program::named("it").apt(&["it"])), &offline).await;
    assert!(told.contains("\n    no network\ninstall them: apt-get install it"), "{told}");
    let useless = Place::new().root().variable("CONNECTORS_INSTALL", "1").program("env", "");
    let told = failure(needs(Program::named("it").apt(&["it"])), &useless).await;
    assert_eq!(told, "it: it do not hold `it`");
}

#[tokio::test]
async fn a_program_is_taken_by_its_variable_then_from_the_search_path() {
    let program = Program::named("it").variable("IT");
    let place = Place::new().program("it", "echo 'it 2.5'").program("other", "echo v1.0");
    let found = program.find("it", &place.machine).await.unwrap();
    assert_eq!((found.program, found.version.as_str()), (place.path("bin/it"), "2.5"));
    let other = place.path("bin/other");
    let place = place.variable("IT", &other.display().to_string());
    let found = program.find("it", &place.machine).await.unwrap();
    assert_eq!((found.program, found.version.as_str()), (other, "1.0"));
}

/// A pip that lays a program into the folder behind `--target`.
fn pip(program: &str) -> String {
    format!(
        "while [ \"$1\" != --target ]; do shift; done; mkdir -p \"$2/bin\"; printf '#!/bin/sh\\n{program}' > \"$2/bin/it\""
    )
}

#[tokio::test]
async fn a_wheel_is_fetched_once_by_its_checksum() {
    let program = Program::named("it").wheel("it-wheel==1.0 --hash=sha256:00", "bin/it");
    let place = Place::new().program("pip3", &pip("echo 1.0"));
    let found = program.find("it", &place.machine).await.unwrap();
    assert_eq!(found.program, place.path("target/backends/it/it-wheel==1.0/bin/it"));
    let list = place.path("target/backends/it/it-wheel==1.0/requirements.txt");
    assert_eq!(fs::read_to_string(list).unwrap(), "it-wheel==1.0 --hash=sha256:00");
    assert!(place.calls()[0].contains("--require-hashes"), "{:?}", place.calls());
    assert_eq!(program.find("it", &place.machine).await.unwrap(), found);
    assert_eq!(place.calls().len(), 1);
    let told = program.find("it", &Place::new().machine).await.unwrap_err().to_string();
    assert!(told.starts_with("no `pip3` was found; install them: apt-get install python3-pip"), "{told}");
}

#[tokio::test]
async fn what_a_wheel_needs_is_installed_when_its_program_does_not_run() {
    let program = Program::named("it").apt(&["libit"]).wheel("w==1", "bin/it");
    let place = Place::new().root().program("pip3", &pip("[ -e \"$LIBRARY\" ]"));
    let library = place.path("library").display().to_string();
    let place =
        place.variable("LIBRARY", &library).program("env", &format!("[ $3 != install ] || : > '{library}'"));
    let told = program.find("it", &place.machine).await.unwrap_err().to_string();
    assert!(told.contains("ended with exit status: 1\ninstall them: apt-get install libit"), "{told}");
    let place = place.variable("CONNECTORS_INSTALL", "1");
    assert!(program.find("it", &place.machine).await.unwrap().program.is_file());
}

#[tokio::test]
async fn roots_servers_run_as_another_user_who_owns_their_data() {
    let place = Place::new()
        .root()
        .program("id", "exit 1")
        .program("useradd", "")
        .program("chown", "")
        .program("setpriv", "while [ \"$1\" != -- ]; do shift; done; shift; exec \"$@\"");
    let it = Backend::new("it", Program::named("/bin/sh"))
        .not_as_root()
        .first_port(24_800)
        .before("/bin/sh -c true")
        .arguments("-c")
        .argument("exit 5");
    assert!(failure(it.clone(), &place).await.contains("status 5"));
    let calls = place.calls();
    let user = "setpriv --reuid connectors-backend --regid connectors-backend --clear-groups -- /bin/sh -c ";
    assert_eq!(
        calls[..2],
        ["id connectors-backend", "useradd --system --no-create-home --user-group connectors-backend"]
    );
    assert!(calls[2].starts_with("chown -R connectors-backend:connectors-backend /"), "{calls:?}");
    assert_eq!(calls[3..], [format!("{user}true"), format!("{user}exit 5")]);
    let ours = Place::new();
    assert!(failure(it, &ours).await.contains("status 5"));
    assert!(ours.calls().is_empty(), "who is not root runs it as itself");
}

#[test]
fn files_move_to_the_temporary_folder_where_their_user_can_not_reach_the_build_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    let close = |place: &Place, mode| {
        fs::set_permissions(place.folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        place.machine.files("it")
    };
    let (ours, roots) = (Place::new(), Place::new().root());
    assert_eq!(close(&ours, 0o700), ours.path("target/backends/it"));
    let elsewhere = close(&roots, 0o700);
    assert!(elsewhere.starts_with(&roots.machine.temporary) && elsewhere.ends_with("it"), "{elsewhere:?}");
    assert_ne!(elsewhere, close(&Place::new().root(), 0o700), "each workspace has its own");
    assert_eq!(close(&roots, 0o711), roots.path("target/backends/it"));
}

#[tokio::test]
async fn where_an_engine_answers_a_container_is_used_and_removed() {
    let us = std::env::current_exe().unwrap();
    let serve = format!(
        "case \"$*\" in *' up') FAKE_SERVER_PORT=$IT_PORT DATA=/tmp exec '{}' backend::tests::serves --exact ;; esac",
        us.display()
    );
    let place = Place::new().program("docker", &serve).variable("IT_PORT", "24900");
    let it = healthy().compose("it", "IT_PORT");
    let server = it.start_on(&place.machine).await.unwrap();
    let port = server.port();
    assert!(port >= 24_900 && answers(port));
    drop(server);
    assert!(!answers(port));
    let compose =
        format!("docker compose --project-name connectors-it-{port} --file /W/docker/it/compose.yml");
    assert_eq!(
        place.calls(),
        ["docker info".into(), format!("{compose} up"), format!("{compose} down --volumes")]
    );
    let without = Place::new().program("docker", "exit 1").variable("IT_PORT", "http");
    let told = it.start_on(&without.machine).await.err().unwrap().to_string();
    assert_eq!(told, "healthy: IT_PORT is `http`, which is no port");
}

#[test]
fn each_server_has_a_compose_file_of_its_version_on_loopback() {
    let machine = Machine::of_process();
    for (backend, version) in [(elasticsearch(), "9.5.3"), (opensearch(), "3.5.0")] {
        let compose = backend.compose.unwrap();
        let text = fs::read_to_string(compose.file(&machine)).unwrap();
        let port = format!("- 127.0.0.1:${{{}:-{}}}:", compose.port_variable, backend.first_port);
        assert!(text.contains(&format!(":{version}\n")) && text.contains(&port), "{text}");
    }
}
