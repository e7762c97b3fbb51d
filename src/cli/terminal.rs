//! The terminal: passwords that are typed without an echo, and questions before something is lost.

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

/// Signals that end or stop a process at a prompt: before that the terminal gets its echo back.
const SIGNALS: [i32; 5] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP];

/// After a prompt, signals do again what they do without a handler: those that commands handle, and the others.
static ARE_FREE: LazyLock<[Arc<AtomicBool>; 2]> = LazyLock::new(Default::default);

/// Leaves SIGINT, SIGTERM and SIGHUP to handlers that were set after a prompt.
pub(super) fn leave_signals() {
    ARE_FREE[0].store(false, Ordering::SeqCst);
}

fn set_free(are_free: bool) {
    ARE_FREE.iter().for_each(|flag| flag.store(are_free, Ordering::SeqCst));
}

/// Asks for passwords at the terminal of the process, whatever standard input is. While it exists, signals are handled: at
/// most one exists in a process.
pub(super) struct PasswordPrompt {
    state: Arc<State>,
    signals: Handle,
}

/// The terminal, which the thread for signals uses too.
struct State {
    terminal: File,
    /// The modes to return to.
    before: Termios,
    /// Whether the echo is off.
    is_hidden: AtomicBool,
}

impl PasswordPrompt {
    /// Opens the terminal.
    ///
    /// # Errors
    /// When there is none.
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

    /// Shows the prompt and reads a line that is not shown.
    ///
    /// # Errors
    /// When the terminal cannot be read, or its input ends.
    pub(super) fn ask(&self, prompt: &str) -> anyhow::Result<String> {
        let State { terminal, .. } = &*self.state;
        let mut line = String::new();
        let asked = write!(&mut &*terminal, "{prompt}").and_then(|()| {
            self.state.hide()?;
            BufReader::new(terminal).read_line(&mut line)
        });
        self.state.show().context("give the terminal its echo back")?;
        if asked.context("read the password")? == 0 {
            bail!("read the password: the input of the terminal has ended");
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
        // The end of the line is shown.
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

    /// Does what the signal does without a handler, with the terminal as it was.
    fn handle(&self, signal: i32) {
        let was_hidden = self.is_hidden.load(Ordering::SeqCst);
        if self.show().is_ok() && was_hidden {
            let _ = writeln!(&mut &self.terminal);
        }
        let _ = emulate_default_handler(signal);
        // After SIGTSTP and SIGCONT.
        if was_hidden {
            let _ = self.hide();
        }
    }
}

/// Asks a person at a terminal whether to go on. Where no person can answer, and with `--yes`, it goes on.
///
/// # Errors
/// When the answer is not yes.
pub(super) fn confirm(yes: bool, question: &str) -> anyhow::Result<()> {
    let (input, mut output) = (io::stdin(), io::stderr());
    if yes || !input.is_terminal() || !output.is_terminal() {
        return Ok(());
    }
    let mut answer = String::new();
    write!(output, "{question} [y/N] ").context("ask at the terminal")?;
    input.lock().read_line(&mut answer).context("read the answer")?;
    if ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()) {
        return Ok(());
    }
    bail!("nothing is changed: the answer was not yes (--yes goes on without the question)")
}

/// A password typed twice at a terminal, or the first line of standard input.
pub(super) fn read_password(user: &str) -> anyhow::Result<String> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        let prompt = PasswordPrompt::open()?;
        let password = prompt.ask(&format!("New password of {user}: "))?;
        if prompt.ask("Once more: ")? != password {
            bail!("the two passwords are not the same: type the same one twice");
        }
        return Ok(password);
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("read the password")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
