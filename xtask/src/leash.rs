//! A program that runs beside us and never outlives us, also when we are killed: between us and it stands a shell, which
//! ends the program when its own standard input ends. What a server says or needs is for its user, as `postgres`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::shell::command_line;

/// Every line on its input is the name of a signal for the program, or `keep`, which spares the folder; the end of the
/// input ends the program for good. The shell closes its own standard output, so that the end of that stream means the end
/// of the program and of everything it has started, and nobody has to poll for it.
///
/// A shell lets programs in the background ignore INT and QUIT. Where `env` can undo that, a program that has not got
/// round to its own handlers yet can be ended with them too.
const STOPPED_BY_INPUT: &str = r#"
    last=$1 folder=$2; shift 2
    env --default-signal=INT,QUIT true 2>/dev/null && set -- env --default-signal=INT,QUIT "$@"
    "$@" </dev/null & program=$!
    exec >&-
    while read -r word; do
        case $word in
            keep) folder= ;;
            *) kill -s "$word" "$program" 2>/dev/null ;;
        esac
    done
    kill -s "$last" "$program" 2>/dev/null
    wait "$program"; status=$?
    [ -z "$folder" ] || rm -rf "$folder"
    exit "$status"
"#;

/// A running program. It ends when this goes out of scope.
#[derive(Debug)]
pub struct Leash {
    shell: Child,
    input: Option<ChildStdin>,
    // Behind a lock only so that a whole server can be shared between threads.
    lines: Mutex<Receiver<String>>,
}

impl Leash {
    /// Starts the program with what it complains about added to the file `log`. At the end of it all the program gets the
    /// signal `last`, and then `folder`, if there is one, is removed.
    pub fn start(command: &Command, log: &Path, last: &str, folder: Option<&Path>) -> Result<Self, String> {
        let line = command_line(command);
        let log_file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        let variables = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let mut shell = Command::new("sh");
        shell.args(["-c", STOPPED_BY_INPUT, "sh", last]).arg(folder.unwrap_or(Path::new("")));
        shell.arg(command.get_program()).args(command.get_args()).envs(variables);
        if let Some(place) = command.get_current_dir() {
            shell.current_dir(place);
        }
        // In a process group of its own, or whoever ends our group, as Ctrl-C does, would end the shell before it has ended
        // the program and removed the folder.
        let mut shell = shell
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .map_err(|error| format!("cannot start `{line}`: {error}"))?;

        let input = shell.stdin.take();
        // Read to the end, or the program would block on a full pipe.
        let output = BufReader::new(shell.stdout.take().expect("standard output is piped"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // Nobody may be listening any more; reading goes on.
                let _ = sender.send(line);
            }
        });
        Ok(Self { shell, input, lines: Mutex::new(lines) })
    }

    /// The next line on the program's standard output, or that there is none within the time, or never will be, because
    /// the program has ended.
    pub fn next_line(&self, patience: Duration) -> Result<String, RecvTimeoutError> {
        self.lines.lock().expect("whoever receives does not panic").recv_timeout(patience)
    }

    /// Whether the program, and everything it has started, ends; without output it has so long to do it.
    pub fn ends_within(&self, patience: Duration) -> bool {
        loop {
            match self.next_line(patience) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }

    /// Sends a signal, by its name as in `TERM`; nothing happens when the program has ended already.
    pub fn signal(&mut self, name: &str) -> Result<(), String> {
        self.tell(name).map_err(|error| format!("cannot send the signal {name}: {error}"))
    }

    /// Ends the program if it has not ended, and says how it did. The folder stays.
    pub fn release(mut self) -> Result<ExitStatus, String> {
        self.tell("keep").map_err(|error| format!("cannot keep the folder: {error}"))?;
        drop(self.input.take());
        self.shell.wait().map_err(|error| format!("cannot wait for the program: {error}"))
    }

    fn tell(&mut self, word: &str) -> std::io::Result<()> {
        self.input.as_mut().expect("open until the end").write_all(format!("{word}\n").as_bytes())
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        drop(self.input.take());
        // The folder is gone when the shell is.
        let _ = self.shell.wait();
    }
}

/// The last lines of a log, for the report of a failure.
pub fn end_of(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let shown = &lines[lines.len().saturating_sub(50)..];
    format!("The end of the server's log:\n{}", shown.join("\n"))
}
