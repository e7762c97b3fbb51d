//! The parameters of a query.

use super::percent_encoding::{InvalidPercentEncoding, decode};
use std::borrow::Cow;

/// Name and value of a parameter.
pub type Parameter<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Decodes the parameters of a query, in the order sent.
pub(super) fn parameters(query: &str) -> Result<Vec<Parameter<'_>>, InvalidPercentEncoding> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode_query(name)?, decode_query(value)?))
        })
        .collect()
}

/// In a query a plus sign is a space, as in a form.
fn decode_query(text: &str) -> Result<Cow<'_, str>, InvalidPercentEncoding> {
    if text.contains('+') {
        return Ok(Cow::Owned(decode(&text.replace('+', " "))?.into_owned()));
    }
    decode(text)
}
