//! The parent process of a server: starts and kills it on request, and kills it when the test program is gone.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::Machine;
use crate::Result;

/// Reads commands and answers each with a line. At the end of its input, which comes when the process that holds the
/// pipe ends, even by a `kill -9`, it kills the server with its children and removes the folder. After `last` its input
/// is a named pipe, and it keeps running.
const KEEPER: &str = r#"
exec 2>/dev/null; set -m; trap : PIPE; PATH=$PATH:/usr/bin:/bin
folder=$1 log=$2 farewell=$3 pid=; shift 3
end_server() {
    [[ $pid ]] || return; kill -9 -- "-$pid"; wait "$pid"
    for _ in {1..200}; do kill -0 -- "-$pid" || break; sleep 0.01; done; pid=
}
trap 'end_server; eval "$farewell"; rm -rf "$folder"' EXIT
while read -r word; do
    case $word in
        start) "$@" </dev/null >>"$log" 2>&1 & pid=$!; echo "$pid" ;;
        look) if kill -0 "$pid"; then echo runs; else wait "$pid"; echo "ended with status $?"; fi ;;
        kill) end_server; echo killed ;;
        last) IFS= read -r pipe; rm -f "$pipe"; mkfifo "$pipe"; exec <>"$pipe"; echo lasts ;;
        end) exit ;;
    esac
done"#;

/// What is run, and where.
pub(super) struct Orders<'a> {
    /// The server's command; its environment and folder are those of the keeper.
    pub(super) command: Command,
    /// Removed at the end.
    pub(super) folder: &'a Path,
    /// The output of the server is appended to it.
    pub(super) log: &'a Path,
    /// What is run once the server has ended, as a line of shell.
    pub(super) farewell: &'a str,
}

/// A keeper that runs.
pub(super) struct Keeper {
    child: Child,
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
    lasts: bool,
}

impl Keeper {
    /// Starts one, and the server.
    pub(super) fn start(orders: &Orders<'_>) -> Result<(Self, i32)> {
        // From our search path, not the server's.
        let bash = Machine::of_process().find("bash").ok_or("no `bash` was found, which keeps servers")?;
        let mut command = Command::new(bash);
        command.args(["-c", KEEPER, "keeper"]).arg(orders.folder).arg(orders.log).arg(orders.farewell);
        command.arg(orders.command.get_program()).args(orders.command.get_args());
        for (name, value) in orders.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(folder) = orders.command.get_current_dir() {
            command.current_dir(folder);
        }
        // In a group of its own: Ctrl-C at a terminal is for those who then end it in order.
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).spawn()?;
        let (Some(words), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the keeper of a server has no pipes".into());
        };
        let mut keeper = Self { child, words, answers: BufReader::new(answers), lasts: false };
        let group = keeper.restart()?;
        Ok((keeper, group))
    }

    /// Starts the server that was killed; the id of its process, and of its group.
    pub(super) fn restart(&mut self) -> Result<i32> {
        Ok(self.ask("start")?.parse()?)
    }

    /// Kills the server.
    pub(super) fn kill(&mut self) -> Result<()> {
        self.ask("kill").map(drop)
    }

    /// How the server ended, if it has.
    pub(super) fn ended(&mut self) -> Result<Option<String>> {
        let answer = self.ask("look")?;
        Ok(Some(answer).filter(|answer| answer != "runs"))
    }

    /// Keeps the server running after this process; from now on commands come by this named pipe.
    pub(super) fn last(&mut self, pipe: &Path) -> Result<()> {
        self.ask(&format!("last\n{}", pipe.display()))?;
        self.lasts = true;
        Ok(())
    }

    fn ask(&mut self, word: &str) -> Result<String> {
        writeln!(self.words, "{word}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(answer.trim_end().to_owned())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if !self.lasts {
            // A keeper that does not listen has ended.
            let _ = writeln!(self.words, "end");
            let _ = self.child.wait();
        }
    }
}
