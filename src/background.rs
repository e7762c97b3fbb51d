//! Background threads, which run until they are told to end.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

/// A thread that ends when the value is dropped.
pub(crate) struct Background {
    /// The sender sends nothing: its drop is the signal to end.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Starts a thread of that name. The receiver is disconnected when the thread has to end.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    pub(crate) fn start(name: &str, work: impl FnOnce(&Receiver<()>) + Send + 'static) -> std::io::Result<Background> {
        let (end, ended) = channel();
        let thread = Builder::new().name(name.to_owned()).spawn(move || work(&ended))?;
        Ok(Background { end: Some(end), thread: Some(thread) })
    }

    /// Asks the thread to end, without waiting for it.
    pub(crate) fn end(&mut self) {
        drop(self.end.take());
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.end();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
