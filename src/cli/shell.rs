//! The commands `completions` and `man`: shell completions and manual pages, generated from the definition of the
//! commands.

use super::output::print;
use super::usage_error::UsageError;
use anyhow::anyhow;
use clap::Command;
use clap_complete::Shell;

/// Prints the completion script for a shell. `definition` has all commands.
pub(super) fn print_completions(shell: Shell, mut definition: Command) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut definition, "rollbook", &mut script);
    print(&String::from_utf8(script)?)
}

/// Prints the manual page of a command. `definition` has all commands.
pub(super) fn print_manual(words: &[String], mut definition: Command) -> anyhow::Result<()> {
    // Sets the full name of each command.
    definition.build();
    let mut shown = &definition;
    for word in words {
        let Some(next) = shown.find_subcommand(word) else {
            let words = words.join(" ");
            return Err(UsageError(anyhow!("unknown command {words}; rollbook help lists the commands")).into());
        };
        shown = next;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(shown.clone()).render(&mut page)?;
    print(&String::from_utf8(page)?)
}
