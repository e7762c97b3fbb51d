//! The path prefix of each dialect. Every row of `DIALECTS` gives a flag and a variable, so that a new dialect needs no
//! code here.

use super::values::prefix;
use crate::dialect::{DIALECTS, Dialect};
use clap::error::Error;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The path prefixes by the names of dialects.
#[derive(Debug, Clone)]
pub struct Prefixes(BTreeMap<&'static str, String>);

impl Prefixes {
    /// The prefix of that dialect; empty for a dialect that does not exist.
    pub fn of(&self, dialect: &str) -> &str {
        self.0.get(dialect).map_or("", String::as_str)
    }
}

/// Flag, variable and default of one path prefix.
struct PrefixSetting {
    dialect: &'static str,
    id: String,
    flag: String,
    variable: String,
    default: &'static str,
}

static SETTINGS: LazyLock<[PrefixSetting; DIALECTS.len()]> =
    LazyLock::new(|| DIALECTS.map(|dialect| setting(&dialect)));

fn setting(dialect: &Dialect) -> PrefixSetting {
    let name = dialect.name;
    PrefixSetting {
        dialect: name,
        id: format!("{name}_prefix"),
        flag: format!("{name}-prefix"),
        variable: format!("ROLLBOOK_{}_PREFIX", name.to_ascii_uppercase()),
        default: if dialect.prefix.is_empty() { "/" } else { dialect.prefix },
    }
}

impl PrefixSetting {
    fn arg(&'static self) -> Arg {
        Arg::new(self.id.as_str())
            .long(self.flag.as_str())
            .env(self.variable.as_str())
            .value_name("PATH")
            .default_value(self.default)
            .value_parser(prefix)
            .help(format!("Path prefix of the dialect {}", self.dialect))
    }
}

impl Args for Prefixes {
    fn augment_args(command: Command) -> Command {
        command.args(SETTINGS.iter().map(PrefixSetting::arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Prefixes::augment_args(command)
    }
}

impl FromArgMatches for Prefixes {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Prefixes, Error> {
        let prefix = |setting: &PrefixSetting| Some((setting.dialect, matches.get_one::<String>(&setting.id)?.clone()));
        Ok(Prefixes(SETTINGS.iter().filter_map(prefix).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Prefixes::from_arg_matches(matches)?;
        Ok(())
    }
}
