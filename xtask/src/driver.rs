//! Programs that answer a line with a line, for as long as this process holds their input.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::error::{Error, Result};
use crate::shell::line;

/// A process that keeps something up and answers each line with one, until its input ends: also when this process is
/// killed.
pub(crate) struct Driver {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    command: String,
}

impl Driver {
    /// Starts it; what it says first comes back beside it.
    pub(crate) fn start(command: &mut Command) -> Result<(Self, Value)> {
        let shown = line(command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|cause| Error::Start { command: shown.clone(), cause })?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let Some(output) = output.map(BufReader::new) else { return Err(silent(&shown)) };
        let mut driver = Self { child, input, output, command: shown };
        let first = driver.answer()?;
        Ok((driver, first))
    }

    /// Has one thing done.
    pub(crate) fn ask(&mut self, words: &str) -> Result<Value> {
        let sent = self.input.as_mut().map(|input| writeln!(input, "{words}").and_then(|()| input.flush()));
        match sent {
            Some(Ok(())) => self.answer(),
            _ => Err(silent(&self.command)),
        }
    }

    /// Lets it end and waits for that.
    pub(crate) fn end(mut self) -> Result<()> {
        drop(self.input.take());
        let command = self.command.clone();
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Error::Command { command, status: status.to_string(), tail: String::new() }),
            Err(cause) => Err(Error::Start { command, cause }),
        }
    }

    fn answer(&mut self) -> Result<Value> {
        let mut text = String::new();
        if !self.output.read_line(&mut text).is_ok_and(|bytes| bytes > 0) {
            return Err(silent(&self.command));
        }
        let answer: Value = serde_json::from_str(&text).map_err(|cause| Error::Format {
            what: format!("the answer `{}`", text.trim_end()),
            cause: cause.to_string(),
        })?;
        match answer["error"].as_str() {
            Some(error) => Err(Error::Gate(error.to_owned())),
            None => Ok(answer),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

fn silent(command: &str) -> Error {
    Error::Gate(format!("`{command}` ended before it answered"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Machine;

    const ECHO: &str = r#"echo '{"url":"u"}'; while read -r a b; do case $a in fail) echo '{"error":"no '$b'"}';; bad) echo '{';; end) exit 3;; *) echo '{"did":"'$a'"}';; esac; done"#;

    fn driver(script: &str) -> Result<(Driver, Value)> {
        Driver::start(Machine::new().shell.command("/bin/sh").args(["-c", script]).current_dir("/"))
    }

    #[test]
    fn each_line_is_answered_until_the_input_ends() {
        let (mut driver, first) = driver(ECHO).unwrap();
        assert_eq!(first["url"], "u");
        assert_eq!(driver.ask("load 5").unwrap()["did"], "load");
        assert_eq!(driver.ask("fail luck").unwrap_err().to_string(), "no luck");
        assert!(driver.ask("bad").unwrap_err().to_string().starts_with("cannot understand the answer `{`"));
        driver.end().unwrap();
    }

    #[test]
    fn one_that_ends_is_told() {
        let (mut ended, _) = driver(ECHO).unwrap();
        assert!(ended.ask("end").unwrap_err().to_string().ends_with("ended before it answered"));
        assert!(ended.end().unwrap_err().to_string().contains("exit status: 3"));
        assert!(driver("exit 0").err().unwrap().to_string().ends_with("ended before it answered"));
        assert!(Driver::start(&mut Command::new("/no/such/program")).is_err());
    }
}
