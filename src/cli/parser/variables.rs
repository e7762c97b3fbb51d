//! Values from environment variables: the variables that a command uses, and the source of each value.
//!
//! The command line is parsed twice. The first pass ignores variables and finds the command; its errors are errors of
//! the command line. The second pass uses the variables of that command only, so that a wrong server setting does not
//! stop `backup`; its errors are errors of variables.

use crate::settings::{MARK, Origins, SECRETS, Setting, Source, set};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, Id};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

/// The prefix of all variables of the program.
const PREFIX: &str = "ROLLBOOK_";
/// Options that only the server needs. For other commands a wrong variable is a warning, and the default is used.
const MINOR: [&str; 2] = ["log", "log_format"];
/// Minimum similarity, from 0 to 1, of a variable that is suggested for an unknown one.
const LIKENESS_MIN: f64 = 0.6;

/// The parsed arguments and variables of a command.
pub(crate) struct Parsed {
    pub(crate) matches: ArgMatches,
    /// The command, with the definitions of its arguments.
    command: Command,
    /// Mistakes in environment variables that do not stop the command.
    pub(crate) warnings: Vec<String>,
}

/// Parses arguments, the first of which is the name of the program, and environment variables.
pub(super) fn parse(definition: &Command, args: &[OsString]) -> Result<Parsed, clap::Error> {
    let given = without_variables(definition.clone()).try_get_matches_from(args).map_err(|error| {
        // The help text names the variables.
        let help = || definition.clone().try_get_matches_from(args).err();
        if error.use_stderr() { error } else { help().unwrap_or(error) }
    })?;
    let mut reading = Reading::new(definition, given)?;
    let matches = reading.matches(args)?;
    let Reading { command, mut warnings, .. } = reading;
    warnings.extend(unknown(definition));
    Ok(Parsed { matches, command, warnings })
}

impl Parsed {
    /// The sources of the values of the command.
    pub(crate) fn origins(&self) -> Origins {
        origins(&self.command, leaf(&self.matches))
    }

    /// All settings of the server in the order of its help text, for the command `settings`, which has all options of
    /// `serve`.
    pub(crate) fn settings(&self, definition: &Command) -> Vec<Setting> {
        settings(definition, leaf(&self.matches))
    }
}

/// The second pass.
struct Reading<'d> {
    definition: &'d Command,
    /// The arguments without variables.
    given: ArgMatches,
    /// The names of the command and of its subcommand.
    path: Vec<String>,
    /// The command, with the definitions of its arguments.
    command: Command,
    /// Arguments whose variables are ignored.
    left_out: BTreeSet<Id>,
    warnings: Vec<String>,
}

impl Reading<'_> {
    fn new(definition: &Command, given: ArgMatches) -> Result<Reading<'_>, clap::Error> {
        let (mut path, mut command, mut at) = (Vec::new(), definition.clone(), &given);
        command.build();
        while let Some((name, matches)) = at.subcommand() {
            path.push(name.to_owned());
            at = matches;
            command = command.find_subcommand(name).expect("the parser has found it").clone();
        }
        let (left_out, warnings) = choose(&command, at).map_err(|(kind, why)| command.error(kind, why))?;
        Ok(Reading { definition, given, path, command, left_out, warnings })
    }

    /// Parses with the variables.
    fn matches(&mut self, words: &[OsString]) -> Result<ArgMatches, clap::Error> {
        loop {
            let command = with_variables(self.definition.clone(), &self.path, &self.left_out);
            let mut error = match command.try_get_matches_from(words) {
                Ok(matches) => return Ok(matches),
                Err(error) => error,
            };
            let Some(arg) = self.name_variables(&mut error) else { return Err(error) };
            let is_server = matches!(self.path.last().map(String::as_str), Some("serve" | "settings"));
            if is_server || !MINOR.contains(&arg.as_str()) {
                return Err(error);
            }
            let said = error.to_string();
            let first = said.lines().next().unwrap_or_default();
            self.warnings.push(format!("{}; the default is used", first.trim_start_matches("error: ")));
            self.left_out.insert(arg);
        }
    }

    /// Replaces the flag in an error by the variable that has set the value. Returns the argument.
    fn name_variables(&self, error: &mut clap::Error) -> Option<Id> {
        let given = leaf(&self.given);
        let from_variable = |shown: &str| {
            let mut args = self.command.get_arguments().filter(|arg| arg.to_string() == shown);
            let arg = args.find(|arg| given.value_source(arg.get_id().as_str()) != Some(ValueSource::CommandLine))?;
            let (variable, _) = variable_of(arg)?;
            (!self.left_out.contains(arg.get_id())).then(|| (arg.get_id().clone(), variable))
        };
        let mut found = None;
        for kind in [ContextKind::InvalidArg, ContextKind::PriorArg] {
            let named = match error.get(kind) {
                Some(ContextValue::String(shown)) => from_variable(shown),
                Some(ContextValue::Strings(shown)) => shown.iter().find_map(|shown| from_variable(shown)),
                _ => None,
            };
            if let Some((id, variable)) = named {
                error.insert(kind, ContextValue::String(variable));
                found.get_or_insert(id);
            }
        }
        found
    }
}

/// Returns the arguments of a command whose variables are ignored, and warnings; an error for a value that is not text.
fn choose(command: &Command, given: &ArgMatches) -> Result<(BTreeSet<Id>, Vec<String>), (ErrorKind, String)> {
    let (mut left_out, mut warnings) = (BTreeSet::new(), Vec::new());
    let is_given = |arg: &Arg| given.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    for arg in command.get_arguments() {
        let Some((variable, value)) = variable_of(arg) else { continue };
        // A conflicting argument on the command line wins.
        let is_outweighed = command.get_arguments().any(|other| is_given(other) && exclude(command, arg, other));
        if value.is_empty() || is_given(arg) || is_outweighed {
            left_out.insert(arg.get_id().clone());
            if value.is_empty() && !is_given(arg) && arg.get_id() == "protect" {
                let rule = "is empty and counts as unset, so Administrator is protected; set it to a comma to \
                protect no user";
                warnings.push(format!("{variable} {rule}"));
            }
            continue;
        }
        let is_path = arg.get_value_parser().type_id() == std::any::TypeId::of::<PathBuf>();
        if value.to_str().is_none() && !is_path {
            return Err((ErrorKind::InvalidUtf8, format!("the value of {variable} is not UTF-8")));
        }
        if value.as_bytes().starts_with(MARK) {
            let why = format!("the value of {variable} begins with a byte order mark; remove it");
            return Err((ErrorKind::ValueValidation, why));
        }
    }
    Ok((left_out, warnings))
}

/// The variable of an argument and its value, if it is set.
fn variable_of(arg: &Arg) -> Option<(String, OsString)> {
    let name = arg.get_env()?;
    Some((name.to_string_lossy().into_owned(), std::env::var_os(name)?))
}

/// Returns whether two arguments conflict.
fn exclude(command: &Command, one: &Arg, other: &Arg) -> bool {
    let excludes = |one: &Arg, other: &Arg| {
        command.get_arg_conflicts_with(one).iter().any(|conflict| conflict.get_id() == other.get_id())
    };
    excludes(one, other) || excludes(other, one)
}

/// The command without variables. Arguments that a variable can set are optional.
fn without_variables(command: Command) -> Command {
    let bare = |arg: Arg| if arg.get_env().is_some() { arg.env(None::<&str>).required(false) } else { arg };
    command.mut_args(bare).mut_subcommands(without_variables)
}

/// The command with the variables of the subcommand at the end of `path`, except those of `left_out`.
fn with_variables(command: Command, path: &[String], left_out: &BTreeSet<Id>) -> Command {
    match path.split_first() {
        Some((name, rest)) => command
            .mut_args(|arg| arg.env(None::<&str>))
            .mut_subcommand(name, |command| with_variables(command, rest, left_out)),
        None => command.mut_args(|arg| if left_out.contains(arg.get_id()) { arg.env(None::<&str>) } else { arg }),
    }
}

/// The matches of the innermost command.
fn leaf(mut matches: &ArgMatches) -> &ArgMatches {
    while let Some((_, inner)) = matches.subcommand() {
        matches = inner;
    }
    matches
}

fn origins(command: &Command, matches: &ArgMatches) -> Origins {
    let source = |arg: &Arg| matches.value_source(arg.get_id().as_str());
    let from_variable = |arg: &&Arg| source(arg) == Some(ValueSource::EnvVariable);
    let is_given = |arg: &&Arg| matches!(source(arg), Some(ValueSource::EnvVariable | ValueSource::CommandLine));
    let named = |arg: &Arg| Some((arg.get_id().to_string(), variable_of(arg)?.0));
    Origins {
        variables: command.get_arguments().filter(from_variable).filter_map(named).collect(),
        given: command.get_arguments().filter(is_given).map(|arg| arg.get_id().to_string()).collect(),
    }
}

fn settings(definition: &Command, matches: &ArgMatches) -> Vec<Setting> {
    let serve = definition.find_subcommand("serve").expect("the command serve");
    let shown = serve.get_arguments().filter(|arg| !arg.is_hide_set());
    let mut settings: Vec<Setting> = shown.map(|arg| setting(arg, matches)).collect();
    for secret in SECRETS {
        let file = format!("{secret}_FILE");
        for (variable, is_hidden) in [(secret, true), (file.as_str(), false)] {
            let value = set(variable).map(|value| if is_hidden { hidden() } else { value.to_string_lossy().into() });
            let from = if value.is_some() { Source::Variable } else { Source::Default };
            let variable = variable.to_owned();
            settings.push(Setting { setting: variable.clone(), value, from, variable: Some(variable), default: None });
        }
    }
    settings
}

fn setting(arg: &Arg, matches: &ArgMatches) -> Setting {
    let id = arg.get_id().as_str();
    let joined = |values: &mut dyn Iterator<Item = &OsStr>| {
        let values: Vec<_> = values.map(OsStr::to_string_lossy).collect();
        (!values.is_empty()).then(|| values.join(","))
    };
    let value = matches.get_raw(id).and_then(|mut values| joined(&mut values));
    let from = match matches.value_source(id) {
        Some(ValueSource::CommandLine) => Source::Flag,
        Some(ValueSource::EnvVariable) => Source::Variable,
        _ => Source::Default,
    };
    let is_switch = !arg.get_action().takes_values();
    let default = joined(&mut arg.get_default_values().iter().map(OsStr::new));
    Setting {
        setting: format!("--{}", arg.get_long().unwrap_or(id)),
        value: if arg.is_hide_env_values_set() { value.map(|_| hidden()) } else { value },
        from,
        variable: arg.get_env().map(|name| name.to_string_lossy().into_owned()),
        default: if is_switch { Some("false".to_owned()) } else { default },
    }
}

fn hidden() -> String {
    "(hidden)".to_owned()
}

/// A warning for each variable that begins with the prefix of the program and is unknown.
fn unknown(program: &Command) -> Vec<String> {
    let mut known = BTreeSet::new();
    add_variables(program, &mut known);
    for secret in SECRETS {
        known.extend([secret.to_owned(), format!("{secret}_FILE")]);
    }
    let mut names: Vec<(String, OsString)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, value)| name.starts_with(PREFIX) && !known.contains(name) && !is_of_kubernetes(name, value))
        .collect();
    names.sort();
    let warning = |(name, _): &(String, OsString)| {
        let way_out = match nearest(name, &known) {
            Some(other) => format!("the most similar variable is {other}"),
            None => "rollbook settings lists all variables".to_owned(),
        };
        format!("unknown variable {}; {way_out}", name.escape_debug())
    };
    names.iter().map(warning).collect()
}

fn add_variables(command: &Command, known: &mut BTreeSet<String>) {
    let names = command.get_arguments().filter_map(|arg| arg.get_env()?.to_str().map(str::to_owned));
    known.extend(names);
    command.get_subcommands().for_each(|command| add_variables(command, known));
}

/// Returns whether Kubernetes has set the variable. Containers have such variables for each service, and a service can
/// be called rollbook.
fn is_of_kubernetes(name: &str, value: &OsStr) -> bool {
    let has_number = |(_, rest): (&str, &str)| rest.starts_with(|c: char| c.is_ascii_digit());
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.split_once("_PORT_").is_some_and(has_number)
        || (name.ends_with("_PORT") && value.to_string_lossy().contains("://"))
}

/// The most similar known name.
fn nearest<'k>(name: &str, known: &'k BTreeSet<String>) -> Option<&'k str> {
    // The common prefix does not count as similarity.
    let own = |name: &str| name.trim_start_matches(PREFIX).to_ascii_uppercase();
    let likeness = |other: &String| strsim::normalized_damerau_levenshtein(&own(name), &own(other));
    let best = known.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)))?;
    (likeness(best) >= LIKENESS_MIN).then_some(best.as_str())
}
