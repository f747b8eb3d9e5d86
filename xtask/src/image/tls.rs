//! A server that speaks TLS and answers as Elasticsearch does, with a certificate of an authority made for it.

use std::fs;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::ground::HOST;
use crate::apt;
use crate::backend::process::Ended;
use crate::error::{Error, Result};
use crate::shell::{self, Shell};

/// How long the server may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Two certificates: one of an authority, and one of a server, which it signs.
const REQUEST: &str = "\
[req]
prompt = no
distinguished_name = name
[name]
CN = image check
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[server]
basicConstraints = CA:FALSE
subjectAltName = DNS:localhost, DNS:*.image.test
";

/// What it answers to any request.
const ANSWER: &str = r#"{"version":{"number":"9.5.3"},"tagline":"You Know, for Search"}"#;

/// The server, until it is dropped.
pub struct Server {
    process: Ended,
    answers: Option<JoinHandle<()>>,
}

impl Server {
    /// Makes the certificates in `folder` and starts the server on a port of the loopback interface.
    ///
    /// # Errors
    /// When there is no `openssl`, or the server does not listen.
    pub fn start(shell: &Shell, folder: &Path, port: u16) -> Result<Self> {
        let openssl = apt::program(shell, "openssl", "openssl")?;
        certify(shell, &openssl, folder)?;
        let address = format!("127.0.0.1:{port}");
        let mut command = shell.command(&openssl);
        command.args([
            "s_server",
            "-quiet",
            "-accept",
            &address,
            "-cert",
            "server.pem",
            "-key",
            "server.key",
        ]);
        command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child =
            command.spawn().map_err(|cause| Error::Start { command: shell::line(&command), cause })?;
        let answers = child.stdout.take().zip(child.stdin.take());
        let answers =
            answers.map(|(requests, replies)| std::thread::spawn(move || answer(requests, replies)));
        let server = Self { process: Ended(child), answers };
        wait(shell, &openssl, (folder, &address))?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.end();
        if let Some(answers) = self.answers.take() {
            // It reads to the end of a pipe that is closed now.
            let _ = answers.join();
        }
    }
}

/// `authority.pem`, `server.pem` and `server.key`.
fn certify(shell: &Shell, openssl: &PathBuf, folder: &Path) -> Result<()> {
    let request = folder.join("request.cnf");
    fs::write(&request, REQUEST).map_err(Error::file("write", &request))?;
    let new_key = "-config request.cnf -newkey rsa:2048 -nodes";
    let steps = [
        format!("req -x509 {new_key} -days 2 -extensions authority -keyout authority.key -out authority.pem"),
        format!("req -new {new_key} -keyout server.key -out server.csr"),
        "x509 -req -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 2 \
         -extfile request.cnf -extensions server -out server.pem"
            .to_owned(),
    ];
    steps.iter().try_for_each(|step| {
        let mut command = shell.command(openssl);
        shell.capture(command.args(step.split_whitespace()).current_dir(folder)).map(drop)
    })
}

fn wait(shell: &Shell, openssl: &PathBuf, (folder, address): (&Path, &str)) -> Result<()> {
    let probe = || -> Command {
        let mut client = shell.command(openssl);
        client.args(["s_client", "-connect", address, "-CAfile", "authority.pem", "-verify_return_error"]);
        client.args(["-verify_hostname", HOST]).current_dir(folder);
        client
    };
    let deadline = Instant::now() + PATIENCE;
    while !shell.succeeds(&mut probe()) {
        if Instant::now() > deadline {
            return shell.capture(&mut probe()).map(drop);
        }
        crate::backend::process::pause();
    }
    Ok(())
}

/// Answers each request that comes in, up to the end of them.
fn answer(requests: impl Read, mut replies: impl Write) {
    let mut last = [0; 4];
    for byte in BufReader::new(requests).bytes().map_while(std::io::Result::ok) {
        last.rotate_left(1);
        last[3] = byte;
        if &last == b"\r\n\r\n"
            && replies.write_all(reply().as_bytes()).and_then(|()| replies.flush()).is_err()
        {
            return;
        }
    }
}

fn reply() -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-elastic-product: Elasticsearch\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{ANSWER}",
        ANSWER.len()
    )
}

#[cfg(test)]
mod tests;
