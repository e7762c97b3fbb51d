//! What shells and readers of manual pages need: completion scripts and manual pages, from the definition of the commands.

use super::output::print;
use super::usage_error::UsageError;
use anyhow::anyhow;
use clap::Command;
use clap_complete::Shell;

/// Prints the completion script of a shell. `definition` is that of all commands.
pub(super) fn print_completions(shell: Shell, mut definition: Command) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut definition, "rollbook", &mut script);
    print(&String::from_utf8(script)?)
}

/// Prints the manual page of the command with these words. `definition` is that of all commands.
pub(super) fn print_manual(words: &[String], mut definition: Command) -> anyhow::Result<()> {
    // Gives each command its whole name.
    definition.build();
    let mut shown = &definition;
    for word in words {
        let Some(next) = shown.find_subcommand(word) else {
            let words = words.join(" ");
            return Err(UsageError(anyhow!("there is no command {words}: rollbook help lists them")).into());
        };
        shown = next;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(shown.clone()).render(&mut page)?;
    print(&String::from_utf8(page)?)
}
