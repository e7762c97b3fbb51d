use super::*;

const DAY: i64 = 86_400_000;

#[test]
fn in_a_process_time_passes_whatever_the_system_s_clock_says() {
    for (time, seen, system, jumped) in [
        (1000, 5 * DAY, 5 * DAY + 1000, false),
        (1000, 5 * DAY, 5 * DAY + 30_000, false),
        (1000, 5 * DAY, 5 * DAY - 30_000, false),
        (1000, 5 * DAY, 9 * DAY, false),
        (1000, 5 * DAY, 13 * DAY, true),
        (1000, 18_000 * DAY, 36_000 * DAY, true),
        (1000, 18_000 * DAY, 0, true),
        (8 * DAY, 18_000 * DAY, 18_008 * DAY, false),
        (0, i64::MIN, i64::MAX, true),
    ] {
        let passed = passed_in_a_process(time, seen, system, 7 * DAY);
        assert_eq!(passed, Passed { time, jumped_from: jumped.then_some(seen) }, "{time} {seen} {system}");
    }
}

#[test]
fn between_two_processes_a_clock_is_believed_that_goes_on_and_not_far() {
    for (seen, system, time, jumped) in [
        (None, 18_000 * DAY, 0, false),
        (Some(18_000 * DAY), 18_000 * DAY + 5, 5, false),
        (Some(18_000 * DAY), 18_007 * DAY, 7 * DAY, false),
        (Some(18_000 * DAY), 18_007 * DAY + 1, 0, true),
        (Some(18_000 * DAY), 36_000 * DAY, 0, true),
        (Some(18_000 * DAY), 18_000 * DAY - 1, 0, false),
        (Some(18_000 * DAY), 17_995 * DAY, 0, false),
        (Some(18_000 * DAY), 17_992 * DAY, 0, true),
        (Some(18_000 * DAY), 0, 0, true),
        (Some(i64::MAX), i64::MIN, 0, true),
    ] {
        let passed = passed_between_two(seen, system, 7 * DAY);
        assert_eq!(passed, Passed { time, jumped_from: seen.filter(|_| jumped) }, "{seen:?} {system}");
    }
}
