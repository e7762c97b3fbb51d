//! A pseudo-terminal.

use super::cli::rollbook;
use super::folder::Folder;
use super::wait::{wait_for, wait_until};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Termios, tcgetattr};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

/// A terminal, and what programs have written to it.
pub struct Terminal {
    pub keyboard: File,
    pub device: File,
    pub shown: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    pub fn new() -> Terminal {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&keyboard).and_then(|()| unlockpt(&keyboard)).expect("its other end");
        let name = ptsname(&keyboard, Vec::new()).expect("its name").into_string().expect("text");
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(OpenptFlags::NOCTTY.bits().cast_signed());
        let device = options.open(name).expect("the device");
        let keyboard = File::from(keyboard);
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (mut screen, kept) = (keyboard.try_clone().expect("a descriptor"), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count) = screen.read(&mut bytes) {
                kept.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        Terminal { keyboard, device, shown }
    }

    /// Starts the program in its own session at this terminal. `None` without the tool that makes sessions.
    pub fn start(&self, folder: &Folder, words: &[&str], change: impl FnOnce(&mut Command)) -> Option<Child> {
        let mut plain = rollbook();
        plain.args(words).env("ROLLBOOK_DB", folder.db()).env("TERM", "xterm").env_remove("NO_COLOR");
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(plain.get_program()).args(plain.get_args()).current_dir(folder.path());
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let device = || Stdio::from(self.device.try_clone().expect("a descriptor"));
        command.stdin(device()).stdout(device()).stderr(device());
        change(&mut command);
        match command.spawn() {
            Ok(child) => Some(child),
            Err(error) if std::env::var_os("CI").is_none() => {
                eprintln!("setsid: {error}: not tested");
                None
            }
            Err(error) => panic!("setsid: {error}"),
        }
    }

    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// Waits until the terminal shows that text that many times.
    pub fn wait_for(&self, text: &str, times: usize) {
        wait_until(format!("{text} at the terminal, {times} times"), || self.shown().matches(text).count() >= times);
    }

    pub fn type_in(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).expect("the terminal takes it");
    }

    /// Forgets what is shown.
    pub fn clear(&self) {
        self.shown.lock().unwrap().clear();
    }

    pub fn modes(&self) -> Termios {
        tcgetattr(&self.device).expect("its modes")
    }

    pub fn echoes(&self) -> bool {
        self.modes().local_modes.contains(LocalModes::ECHO)
    }

    /// Runs a command, answers its question with that text, and returns the status and the shown text.
    pub fn ask(&mut self, folder: &Folder, words: &[&str], question: &str, answer: &str) -> Option<(i32, String)> {
        self.clear();
        let mut child = self.start(folder, words, |_| {})?;
        if !question.is_empty() {
            self.wait_for(question, 1);
            self.type_in(answer);
        }
        let status = wait_for(&mut child);
        // Output from before the end is complete when this text is shown.
        self.device.write_all(b"END\n").expect("the terminal takes it");
        self.wait_for("END", 1);
        Some((status.code().expect("a status"), self.shown().replace("END\r\n", "")))
    }
}
