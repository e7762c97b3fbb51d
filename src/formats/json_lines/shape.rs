//! Tracks brackets and texts of JSON, but not the rest of its grammar.

/// Maximum depth of nesting.
pub(super) const DEPTH_MAX: usize = 1 << 20;

/// The position within brackets and texts.
#[derive(Default)]
pub(super) struct Shape {
    /// Open brackets.
    pub(super) stack: Vec<u8>,
    /// The expected next token.
    pub(super) state: State,
    /// True if the next byte of a text is escaped.
    pub(super) is_escaped: bool,
    /// The last byte that is neither a space nor within a text.
    pub(super) last: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    /// A value follows.
    #[default]
    Value,
    /// A key follows.
    Key,
    /// A colon follows.
    Colon,
    /// A value has ended.
    Behind,
    Text {
        is_key: bool,
    },
    /// The position is within a number or word.
    Word,
}

pub(super) enum Step {
    More,
    Complete,
    Broken,
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

impl Shape {
    pub(super) fn is_in_string(&self) -> bool {
        matches!(self.state, State::Text { .. })
    }

    pub(super) fn expects_value(&self) -> bool {
        self.state == State::Value
    }

    /// True if a list that is a member of the object itself has just begun.
    pub(super) fn begins_list(&self) -> bool {
        self.stack == b"{[" && self.last == b'['
    }

    pub(super) fn step(&mut self, byte: u8) -> Step {
        if let State::Text { is_key } = self.state {
            return self.step_in_text(byte, is_key);
        }
        if is_space(byte) {
            if self.state == State::Word {
                self.state = State::Behind;
            }
            return Step::More;
        }
        let is_word = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        if self.state == State::Word {
            if is_word {
                return Step::More;
            }
            self.state = State::Behind;
        }
        self.last = byte;
        self.state = match (self.state, byte) {
            (State::Value, b'"') => State::Text { is_key: false },
            (State::Key, b'"') => State::Text { is_key: true },
            (State::Value, b'{' | b'[') => {
                self.stack.push(byte);
                if self.stack.len() > DEPTH_MAX {
                    return Step::Broken;
                }
                if byte == b'{' { State::Key } else { State::Value }
            }
            (State::Value, _) if is_word => State::Word,
            (State::Value | State::Key | State::Behind, b'}' | b']') => {
                let open = if byte == b'}' { b'{' } else { b'[' };
                if self.stack.pop() != Some(open) {
                    return Step::Broken;
                }
                if self.stack.is_empty() {
                    return Step::Complete;
                }
                State::Behind
            }
            (State::Behind, b',') => {
                if self.stack.last() == Some(&b'{') {
                    State::Key
                } else {
                    State::Value
                }
            }
            (State::Colon, b':') => State::Value,
            _ => return Step::Broken,
        };
        Step::More
    }

    fn step_in_text(&mut self, byte: u8, is_key: bool) -> Step {
        match byte {
            b'\n' => return Step::Broken,
            _ if self.is_escaped => self.is_escaped = false,
            b'\\' => self.is_escaped = true,
            b'"' if is_key => self.state = State::Colon,
            b'"' => self.state = State::Behind,
            _ => {}
        }
        Step::More
    }
}
