//! The parameters of a query.

use super::percent_encoding::{InvalidPercentEncoding, decode};
use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The parameters of a query, decoded, in the order sent.
pub struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// A parameter that is not a number, or out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidNumber;

impl<'a> Query<'a> {
    /// Splits and decodes the text after the `?`.
    ///
    /// # Errors
    /// When an escape is broken or does not give UTF-8.
    pub fn parse(query: &'a str) -> Result<Query<'a>, InvalidPercentEncoding> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let parameters = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode_query(name)?, decode_query(value)?))
        });
        parameters.collect::<Result<_, _>>().map(Query)
    }

    /// The first value of that name, as sent; it may be empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_ref())
    }

    /// The first value of that name without white space around it; `None` when it is blank.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// The first value of that name as a number; `None` when it is blank.
    ///
    /// # Errors
    /// When it is not a number of that type, or out of the range.
    pub fn number<T: FromStr + PartialOrd>(
        &self,
        name: &str,
        range: RangeInclusive<T>,
    ) -> Result<Option<T>, InvalidNumber> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().ok().filter(|number| range.contains(number)).map(Some).ok_or(InvalidNumber)
    }

    /// The first value of that name in any ASCII case, as sent; it may be empty.
    pub fn get_in_any_case(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_ref())
    }

    /// The names, in the order sent.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_ref())
    }

    /// The values of all parameters with a name that is wanted.
    pub fn into_values(self, is_wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = Cow<'a, str>> {
        self.0.into_iter().filter(move |(name, _)| is_wanted(name)).map(|(_, value)| value)
    }
}

/// Decodes a name or a value. A plus sign is a space, as in a form.
fn decode_query(text: &str) -> Result<Cow<'_, str>, InvalidPercentEncoding> {
    if text.contains('+') {
        return Ok(Cow::Owned(decode(&text.replace('+', " "))?.into_owned()));
    }
    decode(text)
}
