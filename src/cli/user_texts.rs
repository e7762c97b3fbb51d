//! A flag for each text field of a user.

use crate::formats::UserTexts;
use crate::model::TextField;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use std::sync::LazyLock;

/// The texts that the flags give.
#[derive(Debug, Clone)]
pub(super) struct TextArgs(pub(super) UserTexts);

/// The flags: `first-name`.
static FLAGS: LazyLock<Vec<String>> =
    LazyLock::new(|| TextField::ALL.iter().map(|field| field.name().replace('_', "-")).collect());

impl Args for TextArgs {
    fn augment_args(command: Command) -> Command {
        TextField::ALL.into_iter().zip(FLAGS.iter()).fold(command, |command, (field, flag)| {
            let arg = Arg::new(field.name()).long(flag.as_str()).value_name(field.placeholder()).help(field.help());
            command.arg(arg.action(ArgAction::Set))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        TextArgs::augment_args(command)
    }
}

impl FromArgMatches for TextArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<TextArgs, clap::Error> {
        let text = |field: TextField| (field, matches.get_one::<String>(field.name()).cloned());
        Ok(TextArgs(TextField::ALL.into_iter().map(text).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = TextArgs::from_arg_matches(matches)?;
        Ok(())
    }
}
