//! Nobody becomes an administrator but by an administrator: thousands of calls in an order by chance.
//!
//! An administrator goes about their work and names whom it is about. In between, power users, an ordinary user and
//! keys without much power try whatever they can call, under every spelling of every name, also of those that do not
//! exist yet. After each call of theirs all that makes administrators is as it was. `ROLLBOOK_SEED` plays a failure
//! again, `ROLLBOOK_LONG=1` goes on for longer.

mod administrator;
mod attempts;
mod checks;
mod play;

use self::play::Play;
use crate::support::rng::Random;

const STEPS: usize = 3000;
const STEPS_WHEN_LONG: usize = 60_000;

#[test]
fn only_an_administrator_makes_administrators() {
    let seed = Random::seed("ROLLBOOK_SEED", 20_260_102);
    let steps = if std::env::var_os("ROLLBOOK_LONG").is_some() { STEPS_WHEN_LONG } else { STEPS };
    println!("ROLLBOOK_SEED={seed}");
    let mut play = Play::start(seed);
    for step in 0..steps {
        match play.random.below(20) {
            0..10 => play.power_user(),
            10..13 => play.ordinary(),
            13..15 => play.key(),
            _ => play.administrator(),
        }
        if step % 100 == 99 {
            play.compare_views();
        }
    }
    play.compare_views();
    play.state.assert_sound();
    assert!(!play.server.stop_for_log().contains("panicked"));
    for (outcome, count) in &play.counts {
        println!("{outcome}: {count}");
    }
    println!("overlooked: {}", play.overlooked);
    // It was no stand-still: everybody had things refused, and those who may had things done.
    for outcome in
        ["power 200", "power 201", "power 204", "power 403", "ordinary 403", "key 200", "key 403", "root 200"]
    {
        assert!(play.counts.get(outcome).is_some_and(|count| *count > steps / 1000), "{outcome}: {:?}", play.counts);
    }
}
