//! Entity tags.

/// An entity tag (RFC 9110, 8.8.3): the state of a user, a group or a file, and the document that represents it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Etag {
    /// The state.
    pub state: u64,
    /// The number of the document among those of that state, below 16. The plain one is 0.
    pub variant: u8,
}

impl Etag {
    const DIGITS: &'static [u8; 16] = b"0123456789abcdef";

    /// Parses the text between the quotes; `None` for a text that [`Etag::write_to`] does not write.
    pub fn parse(text: &[u8]) -> Option<Etag> {
        let digit = |byte: &u8| Etag::DIGITS.iter().zip(0..).find(|(digit, _)| *digit == byte).map(|(_, value)| value);
        let (state, variant) = text.split_at_checked(16)?;
        let state = state.iter().try_fold(0, |state, byte| Some(state << 4 | u64::from(digit(byte)?)))?;
        let variant = match variant {
            [] => 0,
            [b'-', variant] => digit(variant).filter(|variant| *variant != 0)?,
            _ => return None,
        };
        Some(Etag { state, variant })
    }

    /// Writes the tag as in a header field, with its quotes.
    pub fn write_to(self, out: &mut Vec<u8>) {
        out.push(b'"');
        for byte in self.state.to_be_bytes() {
            out.extend([byte >> 4, byte & 15].map(|digit| Etag::DIGITS[usize::from(digit)]));
        }
        if self.variant != 0 {
            out.extend([b'-', Etag::DIGITS[usize::from(self.variant & 15)]]);
        }
        out.push(b'"');
    }
}
