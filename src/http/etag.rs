//! Entity tags.

/// An entity tag (RFC 9110, 8.8.3): the state of what is shown, and which of several documents shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Etag {
    /// The state.
    pub state: u64,
    /// Which document of that state, below 16. The plain one is 0.
    pub variant: u8,
}

impl Etag {
    const DIGITS: &'static [u8; 16] = b"0123456789abcdef";

    /// Reads what stands between the quotes; `None` for what [`Etag::write_to`] does not write.
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

    /// Writes the tag as it stands in a header field, with its quotes.
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
