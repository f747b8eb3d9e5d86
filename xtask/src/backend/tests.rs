//! Backends that are real processes with a real port, and small: this test program, run again as a server.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;

use super::*;
use crate::tests::Machine;

const PORT: &str = "FAKE_SERVER_PORT";

/// Answers every request as a healthy cluster does.
pub(crate) const HEALTHY: Backend = Backend {
    name: "healthy",
    folder: "healthy",
    version: "1.0",
    port_variable: "HEALTHY_PORT",
    first_port: 24_100,
    address: http::address,
    install,
    start: start_server,
    ready: http::cluster_is_healthy,
    patience: Duration::from_secs(60),
};

/// Ends before it answers.
pub(crate) const BROKEN: Backend = Backend { name: "broken", start: start_broken, ..HEALTHY };

/// Runs, and is not waited for long enough.
pub(crate) const SLOW: Backend =
    Backend { name: "slow", ready: |_| false, patience: Duration::ZERO, ..HEALTHY };

pub(crate) static TABLE: &[Backend] = &[HEALTHY, BROKEN, SLOW];

fn install(_: &Shell, dir: &Path) -> Result<Installed> {
    let home = dir.join("home");
    std::fs::create_dir_all(&home).map_err(Error::file("make", &home))?;
    Ok(Installed { version: "1.0".into(), home, runtime: "/".into() })
}

// The folder is one more filter for tests, which none matches: it only has to stand in the command line.
fn start_server(shell: &Shell, _: &Installed, site: &Site) -> Result<Process> {
    let program = std::env::current_exe().map_err(Error::file("find", Path::new("test program")))?;
    let mut command = shell.command(program);
    command.args(["backend::tests::a_server_in_a_process_of_its_own_answers", "--exact"]).arg(&site.run);
    command.env(PORT, site.ports[0].to_string());
    Ok(command)
}

fn start_broken(shell: &Shell, _: &Installed, site: &Site) -> Result<Process> {
    let mut command = shell.command("/bin/sh");
    command.arg("-c").arg("echo out of luck; exit 3").arg(&site.run);
    Ok(command)
}

fn serve(listener: &TcpListener) {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{\"status\":\"green\"}";
    for mut stream in listener.incoming().flatten() {
        let _ = stream.read(&mut [0; 1024]).and_then(|_| stream.write_all(answer.as_bytes()));
    }
}

#[test]
fn a_server_in_a_process_of_its_own_answers() {
    if let Ok(port) = std::env::var(PORT) {
        serve(&TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse().unwrap())).unwrap());
    }
    let machine = Machine::new();
    let server = lifecycle::start(&machine.shell, &HEALTHY).unwrap();
    let port = server.url.rsplit(':').next().unwrap().parse().unwrap();
    assert_eq!(http::get(port, "/").unwrap(), (200, "{\"status\":\"green\"}".into()));
    lifecycle::stop(&machine.shell, &HEALTHY).unwrap();
    assert!(!process::is_alive(&server.process.unwrap()));
}

fn run_line(machine: &Machine, line: &str) -> Result<()> {
    let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    run_with(&machine.shell, TABLE, &arguments)
}

#[test]
fn start_status_and_stop_tell_where_a_server_is() {
    let machine = Machine::new();
    run_line(&machine, "start healthy").unwrap();
    let url = lifecycle::status(&machine.shell, &HEALTHY).url;
    run_line(&machine, "start healthy").unwrap();
    run_line(&machine, "status healthy broken").unwrap();
    run_line(&machine, "stop").unwrap();
    let line = format!("healthy 1.0 at {url}");
    let log = machine.path("target/backends/healthy/server.log");
    let expected = format!(
        "{line}\n{line}\n{line}, log {}\nbroken is not running\n\
         healthy is not running\nbroken is not running\nslow is not running\n",
        log.display()
    );
    assert_eq!(machine.out.get(), expected);
    assert!(machine.err.get().contains("healthy runs already"));
}

#[test]
fn programs_get_one_json_array() {
    let machine = Machine::new();
    run_line(&machine, "status broken --json").unwrap();
    let servers: Vec<Server> = serde_json::from_str(&machine.out.get()).unwrap();
    assert_eq!(servers, [Server::stopped("broken", "1.0")]);
}

#[test]
fn when_one_does_not_start_the_others_are_stopped_again() {
    let machine = Machine::new();
    let error = run_line(&machine, "start healthy broken").unwrap_err().to_string();
    assert_eq!(error, "broken: it ended with exit status: 3 before it answered\n    out of luck");
    assert!(!lifecycle::status(&machine.shell, &HEALTHY).running);
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let machine = Machine::new();
    let refused = |line: &str| run_line(&machine, line).unwrap_err().to_string();
    assert_eq!(refused(""), "backend needs one of start, stop, status; see --help");
    assert_eq!(refused("restart"), "backend cannot `restart`; it can start, stop, status");
    assert_eq!(refused("start mysql"), "no backend `mysql`; there are healthy, broken, slow");
    assert_eq!(refused("start --now"), "unknown switch `--now`; see --help");
}

#[test]
fn every_backend_has_a_compose_file_of_its_version_bound_to_loopback() {
    let root = Shell::from_process().root;
    for backend in BACKENDS {
        let file = root.join("docker").join(backend.folder).join("compose.yml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(&format!(":{}\n", backend.version)), "{}", file.display());
        let port = format!("- 127.0.0.1:${{{}:-{}}}:", backend.port_variable, backend.first_port);
        assert!(text.contains(&port), "{}", file.display());
    }
}

#[test]
fn the_command_has_the_real_table() {
    let machine = Machine::new();
    run(&machine.shell, &["status".into()]).unwrap();
    assert_eq!(
        machine.out.get(),
        "elasticsearch is not running\nopensearch is not running\nmongodb is not running\n"
    );
}

#[test]
fn this_programs_environment_is_not_handed_to_servers() {
    let machine = Machine::new();
    let site = Site { dir: "/d".into(), run: machine.path("."), ports: [1, 2] };
    let installed = Installed { version: String::new(), home: "/d".into(), runtime: "/".into() };
    let command: Command = start_server(&machine.shell, &installed, &site).unwrap();
    let names: Vec<_> = command.get_envs().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names, ["FAKE_SERVER_PORT", "PATH", "TMPDIR"]);
}
