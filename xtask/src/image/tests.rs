use super::*;
use crate::tests::Machine;

/// A workspace with a Dockerfile, whose program says the same to everything.
fn machine() -> Machine {
    let machine = Machine::new();
    for folder in ["docker", "target/release"] {
        fs::create_dir_all(machine.path(folder)).unwrap();
    }
    fs::write(machine.path("docker/Dockerfile"), plan::tests::GOOD).unwrap();
    fs::write(machine.path("config.yml"), "a: b").unwrap();
    let built = machine.path("target/release/connectors").display().to_string();
    machine
        .program("cargo", &format!("echo program > '{built}'"))
        .program("unshare", "echo connectors 0.0.0")
        .root()
}

fn run_line(machine: &Machine, line: &str) -> Result<()> {
    run(&machine.shell, &line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
}

#[test]
fn without_an_engine_the_files_are_laid_out_and_tried() {
    let machine = machine();
    let error = run_line(&machine, "").unwrap_err().to_string();
    assert_eq!(error, "the image: not as it must be: tells its version: connectors 0.0.0");
    assert_eq!(machine.calls()[0], "cargo rustc --release");
    let call = &machine.calls()[1];
    let end = "--userspec=65532:65532 --groups= /W/target/image/files /usr/bin/connectors --version";
    assert!(call.starts_with("unshare --mount") && call.ends_with(end), "{call}");
    assert!(machine.path("target/image/files/dev/urandom").is_file());
    assert!(machine.out.get().contains("no Docker engine answers"), "{}", machine.out.get());
    let hosts = fs::read_to_string(machine.path("target/image/files/etc/hosts")).unwrap();
    assert!(hosts.contains("127.0.0.1 localhost elasticsearch.image.test"), "{hosts}");
}

#[test]
fn a_program_that_is_built_is_taken() {
    let machine = machine();
    fs::write(machine.path("target/release/connectors"), "").unwrap();
    assert!(run_line(&machine, "--built").is_err());
    assert!(machine.calls()[0].starts_with("unshare"), "{:?}", machine.calls());
}

#[test]
fn with_an_engine_the_image_is_built_tried_and_its_volume_removed() {
    let machine = machine().program("docker", "");
    assert!(run_line(&machine, "").is_err());
    let calls = machine.calls();
    let tag = concat!("connectors:", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        calls[..2],
        ["docker info".to_owned(), format!("docker build --file docker/Dockerfile --tag {tag} .")]
    );
    assert!(
        calls[3].starts_with("docker run --rm") && calls[3].ends_with(&format!("{tag} --version")),
        "{calls:?}"
    );
    assert_eq!((calls[2].as_str(), calls.len()), ("docker volume rm --force connectors-image-check", 5));
    assert_eq!(calls[4], calls[2]);
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    for line in ["--biult", "again"] {
        assert_eq!(run_line(&machine(), line).unwrap_err().exit_code(), 2);
    }
}
