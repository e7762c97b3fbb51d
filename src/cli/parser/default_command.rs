//! The default command `serve`, options before the command, and advice for wrong arguments.

use super::variables::{self, Parsed};
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{Arg, Command};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::ops::Range;

/// The command of a command line without a command.
const DEFAULT: &str = "serve";

/// Parses arguments, the first of which is the name of the program, and environment variables.
///
/// # Errors
/// Wrong usage; also the help or version text that the arguments ask for.
pub(crate) fn parse(definition: &Command, args: impl IntoIterator<Item = OsString>) -> Result<Parsed, Error> {
    let args = with_command(args.into_iter().collect(), definition);
    let place = options_before_command(&args[1..], definition).1;
    variables::parse(definition, &args).map_err(|error| with_advice(error, &args[1..], place, definition))
}

/// Inserts `serve` if the arguments name no command, and moves `serve` before its own options.
fn with_command(args: Vec<OsString>, definition: &Command) -> Vec<OsString> {
    let mut args = args.into_iter();
    let mut line = vec![args.next().unwrap_or_else(|| "rollbook".into())];
    let args: Vec<OsString> = args.collect();
    let (options, place) = options_before_command(&args, definition);
    let rest = match place {
        Some(place) if args[place] != DEFAULT => {
            line.extend(args);
            return line;
        }
        Some(place) => place + 1,
        // No command: the rest is empty, or begins with `--`.
        None => options.last().map_or(0, |option| option.place.end),
    };
    let is_question = |arg: &&OsString| ["-h", "--help", "-V", "--version"].iter().any(|flag| arg == flag);
    if place.is_none()
        && let Some(question) = args.iter().find(is_question)
    {
        line.push(question.clone());
        return line;
    }
    line.extend(
        options.iter().filter(|option| option.is_shared).flat_map(|option| args[option.place.clone()].to_vec()),
    );
    line.push(DEFAULT.into());
    line.extend(
        options.iter().filter(|option| !option.is_shared).flat_map(|option| args[option.place.clone()].to_vec()),
    );
    line.extend(args[rest..].to_vec());
    line
}

/// An option before the command.
struct Before {
    /// The arguments of the option: its name and, if separate, its value.
    place: Range<usize>,
    /// True if the option may stand before every command.
    is_shared: bool,
}

/// The options before the command, and its place: that of the first word that is neither an option nor a value.
fn options_before_command(args: &[OsString], definition: &Command) -> (Vec<Before>, Option<usize>) {
    let server = definition.find_subcommand(DEFAULT).into_iter().flat_map(Command::get_arguments);
    let known: Vec<&Arg> = definition.get_arguments().chain(server).collect();
    let mut options: Vec<Before> = Vec::new();
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        let text = arg.to_string_lossy();
        if text == "--" || !text.starts_with('-') || text == "-" {
            return (options, (text != "--").then_some(at));
        }
        let name = text.split('=').next().unwrap_or_default();
        let is = |arg: &&&Arg| match name.strip_prefix("--") {
            Some(long) => arg.get_long() == Some(long),
            None => arg.get_short().is_some_and(|short| name[1..].starts_with(short)),
        };
        let option = known.iter().find(is);
        let takes_next = option.is_some_and(|option| option.get_action().takes_values()) && name == text;
        let end = args.len().min(at + 1 + usize::from(takes_next));
        // An option without a value must not take the command as its value.
        let is_whole = end == at + 1 + usize::from(takes_next);
        let is_shared = is_whole && option.is_some_and(|option| option.is_global_set());
        options.push(Before { place: at..end, is_shared });
        at = end;
    }
    (options, None)
}

/// Adds advice to an error about arguments before the command: that an option belongs after the command, or that an
/// option has taken the command as its value.
fn with_advice(mut error: Error, args: &[OsString], place: Option<usize>, definition: &Command) -> Error {
    let before = &args[..place.unwrap_or(0)];
    let advice = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(option))) => {
            let is_it = |arg: &OsString| arg.to_string_lossy().split('=').next() == Some(option);
            if !before.iter().any(is_it) || !takes(definition, &args[before.len()..], option) {
                return error;
            }
            let shared = definition.get_arguments().filter(|arg| arg.is_global_set()).filter_map(Arg::get_long);
            let shared: Vec<String> = shared.map(|name| format!("--{name}")).collect();
            format!("write '{option}' after the command: only {} may stand before it", shared.join(", "))
        }
        (ErrorKind::InvalidSubcommand, _) => {
            let [.., option, value] = before else { return error };
            let value = value.to_string_lossy();
            let is_first = matches!((error.get(ContextKind::InvalidSubcommand), args.get(before.len())),
                (Some(ContextValue::String(named)), Some(first)) if *first == **named);
            if !is_first || definition.find_subcommand(&*value).is_none() {
                return error;
            }
            format!("'{value}' is taken as the value of '{}', not as the command", option.to_string_lossy())
        }
        _ => return error,
    };
    let mut tip = StyledStr::new();
    let _ = write!(tip, "{advice}");
    // Suggestions of similar names would mislead.
    error.remove(ContextKind::SuggestedArg);
    error.remove(ContextKind::SuggestedSubcommand);
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    error
}

/// Returns whether the command at the beginning of `words` has that option.
fn takes(definition: &Command, words: &[OsString], option: &str) -> bool {
    let mut command = definition;
    // Skip the value of an unknown option, which stands before the command.
    for word in words.iter().skip_while(|word| definition.find_subcommand(word).is_none()) {
        let Some(inner) = command.find_subcommand(word) else { break };
        command = inner;
    }
    let is_it = |arg: &&Arg| match option.strip_prefix("--") {
        Some(long) => arg.get_long() == Some(long),
        None => arg.get_short().is_some_and(|short| option[1..].starts_with(short)),
    };
    command.get_arguments().any(|arg| is_it(&arg) && !arg.is_hide_set())
}
