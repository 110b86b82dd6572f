//! The real binary in a process of its own.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::client::Client;

/// Long enough for a slow machine; nothing waits for it where all is well.
const PATIENCE: Duration = Duration::from_mins(1);
const STEP: Duration = Duration::from_millis(10);

/// A folder in which the binary runs, start after start.
pub struct Place {
    pub dir: TempDir,
}

/// A server process that listens.
pub struct Running {
    child: Child,
    /// `http://127.0.0.1:port`
    pub base: String,
    /// What it said on standard output when it was up.
    pub output: String,
}

/// How a process ended and what it said.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub output: String,
    pub errors: String,
}

impl Place {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().expect("a folder"),
        }
    }

    pub fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    /// The binary with nothing in its environment but `settings`.
    fn command(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenon"));
        let file = |name: &str| std::fs::File::create(self.dir.path().join(name)).expect("a file");
        command
            .args(arguments)
            .current_dir(self.dir.path())
            .env_clear()
            .env("TENON_LISTEN", "127.0.0.1:0")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(file("out"))
            .stderr(file("err"));
        command
    }

    fn said(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(name)).expect("what the process said")
    }

    /// Runs the binary to its end.
    pub fn run(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Ended {
        let status = self
            .command(arguments, settings)
            .status()
            .expect("the binary runs");
        Ended {
            status,
            output: self.said("out"),
            errors: self.said("err"),
        }
    }

    /// Runs the binary and kills it after a while; `false` when it had ended by then.
    pub fn run_and_kill(
        &self,
        arguments: &[&str],
        settings: &[(&str, &str)],
        after: Duration,
    ) -> bool {
        let mut command = self.command(arguments, settings);
        let mut child = command.spawn().expect("the binary runs");
        std::thread::sleep(after);
        let is_alive = child.try_wait().expect("it can be asked").is_none();
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        is_alive
    }

    /// Starts a server and waits until it listens.
    pub fn start(&self, settings: &[(&str, &str)]) -> Running {
        let mut child = self
            .command(&[], settings)
            .spawn()
            .expect("the binary runs");
        for _ in 0..PATIENCE.as_millis() / STEP.as_millis() {
            let output = self.said("out");
            if let Some((_, rest)) = output.split_once("listens on ") {
                let base = rest.split(' ').next().expect("an address").to_owned();
                return Running {
                    child,
                    base,
                    output,
                };
            }
            if let Some(status) = child.try_wait().expect("the process can be asked") {
                panic!("the server ended with {status}: {}", self.said("err"));
            }
            std::thread::sleep(STEP);
        }
        panic!("the server did not start: {}", self.said("err"));
    }

    /// Stops a server and reads its log.
    pub fn stop(&self, mut running: Running) -> Ended {
        running.terminate();
        let status = running.child.wait().expect("the process ends");
        Ended {
            status,
            output: self.said("out"),
            errors: self.said("err"),
        }
    }
}

impl Running {
    pub fn client(&self) -> Client {
        Client::new(&self.base)
    }

    /// A key that the first start printed.
    pub fn printed_key(&self, label: &str) -> String {
        let line = self.output.lines().find(|line| line.contains(label));
        let line = line.unwrap_or_else(|| panic!("no {label} in {}", self.output));
        line.split_whitespace().last().expect("a key").to_owned()
    }

    /// Sends SIGTERM and does not wait.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Stops it where it stands: it keeps its sockets and does nothing.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.child.id())])
            .status()
            .expect("sh runs");
        assert!(status.success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be over already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The permission bits of a file.
pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path)
        .expect("the file is there")
        .permissions()
        .mode()
        & 0o777
}
