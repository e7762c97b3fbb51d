//! Only an administrator makes administrators: thousands of calls in a random order.
//!
//! An administrator manages users and names the users of each change. In between, power users, an ordinary user and
//! keys with few rights try all calls, under all spellings of all names, also of names without a user. After each of
//! their calls, the rows that give administrator rights are unchanged. `ROLLBOOK_SEED` repeats a failure,
//! `ROLLBOOK_LONG=1` makes more calls.

mod administrator;
mod attempts;
mod checks;
mod simulation;

use self::simulation::Simulation;
use crate::support::rng::Random;

const STEPS: usize = 3000;
const STEPS_WHEN_LONG: usize = 60_000;

#[test]
fn only_an_administrator_makes_administrators() {
    let seed = Random::seed("ROLLBOOK_SEED", 20_260_102);
    let steps = if std::env::var_os("ROLLBOOK_LONG").is_some() { STEPS_WHEN_LONG } else { STEPS };
    println!("ROLLBOOK_SEED={seed}");
    let mut simulation = Simulation::start(seed);
    for step in 0..steps {
        match simulation.random.below(20) {
            0..10 => simulation.power_user(),
            10..13 => simulation.ordinary(),
            13..15 => simulation.key(),
            _ => simulation.administrator(),
        }
        if step % 100 == 99 {
            simulation.compare_views();
        }
    }
    simulation.compare_views();
    simulation.state.assert_sound();
    assert!(!simulation.server.stop_for_log().contains("panicked"));
    for (outcome, count) in &simulation.counts {
        println!("{outcome}: {count}");
    }
    println!("mistakes: {}", simulation.mistakes);
    // The sequence was not idle: each caller had refusals, and callers with rights had successes.
    for outcome in
        ["power 200", "power 201", "power 204", "power 403", "ordinary 403", "key 200", "key 403", "root 200"]
    {
        assert!(
            simulation.counts.get(outcome).is_some_and(|count| *count > steps / 1000),
            "{outcome}: {:?}",
            simulation.counts
        );
    }
}
