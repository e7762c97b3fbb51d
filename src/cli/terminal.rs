//! The terminal: password prompts without echo, and confirmation of destructive commands.

use anyhow::{Context as _, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::flag::register_conditional_default;
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::emulate_default_handler;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

/// Signals that end or stop the process during a prompt. The handler turns the echo on first.
const SIGNALS: [i32; 5] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP];

/// Set after a prompt, so that signals have their default effect again: one flag for the signals that commands handle,
/// and one for the others.
static ARE_FREE: LazyLock<[Arc<AtomicBool>; 2]> = LazyLock::new(Default::default);

/// Hands SIGINT, SIGTERM and SIGHUP over to handlers that were set after a prompt.
pub(super) fn leave_signals() {
    ARE_FREE[0].store(false, Ordering::SeqCst);
}

fn set_free(are_free: bool) {
    ARE_FREE.iter().for_each(|flag| flag.store(are_free, Ordering::SeqCst));
}

/// Reads passwords from the terminal of the process, even if standard input is redirected. It handles signals while it
/// exists; a process may have only one.
pub(super) struct PasswordPrompt {
    state: Arc<State>,
    signals: Handle,
}

/// The terminal, shared with the signal thread.
struct State {
    terminal: File,
    /// The modes to restore.
    before: Termios,
    /// True while the echo is off.
    is_hidden: AtomicBool,
}

impl PasswordPrompt {
    /// Opens the terminal.
    ///
    /// # Errors
    /// The process has no terminal.
    pub(super) fn open() -> anyhow::Result<PasswordPrompt> {
        let opened = || -> io::Result<PasswordPrompt> {
            let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
            let before = tcgetattr(&terminal)?;
            let is_hidden = AtomicBool::new(false);
            set_free(false);
            for signal in SIGNALS {
                let flag = &ARE_FREE[usize::from(matches!(signal, SIGQUIT | SIGTSTP))];
                register_conditional_default(signal, Arc::clone(flag))?;
            }
            let mut signals = Signals::new(SIGNALS)?;
            let prompt =
                PasswordPrompt { state: Arc::new(State { terminal, before, is_hidden }), signals: signals.handle() };
            let state = Arc::clone(&prompt.state);
            let thread = std::thread::Builder::new().name("terminal".to_owned());
            thread.spawn(move || signals.forever().for_each(|signal| state.handle(signal)))?;
            Ok(prompt)
        };
        opened().context("open the terminal")
    }

    /// Prints the prompt and reads a line without echo.
    ///
    /// # Errors
    /// The terminal cannot be read, or its input ends.
    pub(super) fn ask(&self, prompt: &str) -> anyhow::Result<String> {
        let State { terminal, .. } = &*self.state;
        let mut line = String::new();
        let asked = write!(&mut &*terminal, "{prompt}").and_then(|()| {
            self.state.hide()?;
            BufReader::new(terminal).read_line(&mut line)
        });
        self.state.show().context("turn the echo of the terminal on")?;
        if asked.context("read the password")? == 0 {
            bail!("read the password: end of input at the terminal");
        }
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}

impl Drop for PasswordPrompt {
    fn drop(&mut self) {
        let _ = self.state.show();
        set_free(true);
        self.signals.close();
    }
}

impl State {
    fn hide(&self) -> io::Result<()> {
        let mut modes = self.before.clone();
        modes.local_modes.remove(LocalModes::ECHO);
        // Only the line break is echoed.
        modes.local_modes.insert(LocalModes::ECHONL);
        self.is_hidden.store(true, Ordering::SeqCst);
        Ok(tcsetattr(&self.terminal, OptionalActions::Now, &modes)?)
    }

    fn show(&self) -> io::Result<()> {
        if self.is_hidden.swap(false, Ordering::SeqCst) {
            tcsetattr(&self.terminal, OptionalActions::Now, &self.before)?;
        }
        Ok(())
    }

    /// Restores the terminal, then gives the signal its default effect.
    fn handle(&self, signal: i32) {
        let was_hidden = self.is_hidden.load(Ordering::SeqCst);
        if self.show().is_ok() && was_hidden {
            let _ = writeln!(&mut &self.terminal);
        }
        let _ = emulate_default_handler(signal);
        // The process continues after SIGTSTP and SIGCONT.
        if was_hidden {
            let _ = self.hide();
        }
    }
}

/// Asks for confirmation at a terminal. With `--yes`, or without a terminal, it does not ask.
///
/// # Errors
/// The answer is not yes.
pub(super) fn confirm(yes: bool, question: &str) -> anyhow::Result<()> {
    let (input, mut output) = (io::stdin(), io::stderr());
    if yes || !input.is_terminal() || !output.is_terminal() {
        return Ok(());
    }
    let mut answer = String::new();
    write!(output, "{question} [y/N] ").context("write the question to the terminal")?;
    input.lock().read_line(&mut answer).context("read the answer")?;
    if ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()) {
        return Ok(());
    }
    bail!("cancelled, nothing was changed (use --yes to skip the question)")
}

/// Reads a password: typed twice at a terminal, or the first line of standard input.
pub(super) fn read_password(user: &str) -> anyhow::Result<String> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        let prompt = PasswordPrompt::open()?;
        let password = prompt.ask(&format!("New password of {user}: "))?;
        if prompt.ask("Repeat the password: ")? != password {
            bail!("the two passwords differ");
        }
        return Ok(password);
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("read the password")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
