use super::*;
use crate::image::plan::tests::good;
use crate::tests::Machine;

const PORTS: Ports = Ports { tls: 19_998, names: 0 };

/// What the program answers when all is well, by its arguments.
const ANSWERS: [(&str, &str); 9] = [
    ("--version", concat!("echo connectors ", env!("CARGO_PKG_VERSION"))),
    (" sync ", "echo '{\"created\": 3, \"status\": \"completed\"}'"),
    (" search ", "echo '[{\"source\": {\"name\": \"one.md\"}}]'"),
    ("trusting.yml --es https://elasticsearch.image.test", "echo elasticsearch: Elasticsearch 9.5.3 at a"),
    ("trusting.yml --es https://localhost", "echo elasticsearch: Elasticsearch 9.5.3 at b"),
    ("trusting.yml --es https://by-dns.image.test", "echo elasticsearch: Elasticsearch 9.5.3 at c"),
    ("nowhere.invalid", "echo nowhere.invalid is not known >&2; exit 2"),
    ("--es https://elasticsearch.image.test", "echo UnknownIssuer >&2; exit 1"),
    (" check", "true"),
];

/// A machine whose image answers so, one of them otherwise.
fn machine(changed: &str, answer: &str) -> Machine {
    let cases = ANSWERS.map(|(arguments, usual)| {
        format!("*'{arguments}'*) {} ;;", if arguments == changed { answer } else { usual })
    });
    let unshare = format!("case \"$*\" in {} esac", cases.concat());
    let openssl = "case $1 in s_server) exec cat > /dev/null ;; req) touch authority.pem ;; esac";
    Machine::new().program("unshare", &unshare).program("openssl", openssl).root()
}

fn tried(machine: &Machine) -> Result<()> {
    let ground = Ground::Folder(machine.path("root"));
    Subject { shell: &machine.shell, plan: &good(), ground: &ground }.all(PORTS)
}

#[test]
fn every_result_is_told() {
    let machine = machine("", "");
    tried(&machine).unwrap();
    let told = machine.out.get();
    assert_eq!(told.lines().filter(|line| line.starts_with("  ok  ")).count(), 9, "{told}");
    assert!(told.contains("speaks TLS to elasticsearch.image.test"), "{told}");
    let shared = machine.path("root/check");
    assert_eq!(fs::read_to_string(shared.join("docs/one.md")).unwrap(), "A walrus in an image.\n");
    let trusting = fs::read_to_string(shared.join("trusting.yml")).unwrap();
    assert_eq!(trusting, "elasticsearch:\n  ca_certs: /check/authority.pem\n");
}

#[test]
fn each_check_can_fail() {
    let cases = [
        ("--version", "echo connectors 0.0.0", "tells its version: connectors 0.0.0"),
        (" check", "echo no data >&2; exit 1", "no data"),
        (" sync ", "echo '{\"created\": 2, \"status\": \"completed\"}'", "created 2"),
        (" sync ", "echo '{\"created\": 3, \"status\": \"partial\"}'", "\"partial\""),
        (" sync ", "echo done", "the answer of `"),
        (" search ", "echo '[]'", "in another process: []"),
        ("trusting.yml --es https://elasticsearch.image.test", "exit 1", "ended with exit status: 1"),
        ("trusting.yml --es https://by-dns.image.test", "exit 1", "ended with exit status: 1"),
        ("trusting.yml --es https://localhost", "echo Other 1", "speaks TLS to localhost: Other 1"),
        ("--es https://elasticsearch.image.test", "echo well", "went well, and must not"),
        ("--es https://elasticsearch.image.test", "echo refused; exit 1", "nobody it trusts: refused"),
        ("nowhere.invalid", "echo lost; exit 1", "a host that is not there: lost"),
    ];
    for (changed, answer, wanted) in cases {
        let error = tried(&machine(changed, answer)).unwrap_err().to_string();
        assert!(error.contains(wanted), "{changed}: {error}");
    }
}

#[test]
fn a_health_check_of_another_program_is_refused() {
    let machine = machine("", "");
    let ground = Ground::Folder(machine.path("root"));
    let plan = Plan { health: vec!["/bin/curl".into()], ..good() };
    let error = Subject { shell: &machine.shell, plan: &plan, ground: &ground }.all(PORTS).unwrap_err();
    assert!(error.to_string().contains("runs another program"), "{error}");
}

#[test]
fn without_the_right_to_serve_names_the_rest_is_tried() {
    let machine = machine("", "");
    let ground = Ground::Folder(machine.path("root"));
    let other = Names::start(0).unwrap();
    let ports = Ports { names: other.address().port(), ..PORTS };
    Subject { shell: &machine.shell, plan: &good(), ground: &ground }.all(ports).unwrap();
    assert!(machine.err.get().contains("not tried: a name that DNS tells"), "{}", machine.err.get());
    assert!(!machine.out.get().contains("by-dns.image.test"), "{}", machine.out.get());
}
