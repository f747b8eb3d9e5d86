use super::*;

fn report(filename: &str, segments: &str, count: u64, covered: u64) -> String {
    format!(
        r#"{{"data": [{{"files": [{{"filename": "{filename}", "segments": {segments},
            "summary": {{"lines": {{"count": {count}, "covered": {covered}, "percent": 1}}}}}}]}}]}}"#
    )
}

fn lines(segments: &str) -> Vec<u64> {
    uncovered(&serde_json::from_str::<Vec<Segment>>(segments).unwrap())
}

fn crates(json: &str) -> BTreeMap<String, Coverage> {
    by_crate(json, Path::new("/w"), &["crates/a".into(), "crates/ab".into()]).unwrap()
}

#[test]
fn a_region_that_never_ran_covers_its_lines() {
    // 1 to 6 ran; within them, 3 to 4 did not.
    let segments = "[[1,1,5,true,true,false],[3,9,0,true,true,false],[4,10,5,true,false,false],[6,2,0,false,false,false]]";
    assert_eq!(lines(segments), [4]);
}

#[test]
fn a_line_that_ran_in_part_counts_as_run() {
    let segments = "[[1,1,1,true,true,false],[1,20,0,true,true,false],[1,30,1,true,false,false],[2,1,0,false,false,false]]";
    assert_eq!(lines(segments), [0; 0]);
}

#[test]
fn lines_outside_of_regions_have_no_code() {
    let segments = "[[2,1,0,true,true,false],[3,2,0,false,false,false],[7,1,0,true,true,false],[8,2,0,false,false,false]]";
    assert_eq!(lines(segments), [2, 3, 7, 8]);
    assert_eq!(lines("[]"), [0; 0]);
}

#[test]
fn skipped_regions_have_no_code() {
    let segments = "[[1,1,0,true,true,false],[2,1,0,false,true,false],[3,1,0,true,false,false],[4,1,0,false,false,false]]";
    assert_eq!(lines(segments), [1, 4]);
}

#[test]
fn neighbouring_lines_become_one_range() {
    assert_eq!(ranges(vec![1, 2, 3, 5, 7, 8]), [1..=3, 5..=5, 7..=8]);
}

#[test]
fn files_are_summed_up_by_the_crate_that_holds_them() {
    let json = report("/w/crates/ab/src/lib.rs", "[]", 10, 9);
    let crates = crates(&json);
    assert_eq!(crates["crates/ab"].lines, Lines { count: 10, covered: 9 });
    assert_eq!(crates["crates/a"].lines, Lines::default());
}

#[test]
fn files_of_others_are_left_out() {
    let json = report("/registry/serde/src/lib.rs", "[]", 10, 0);
    assert!(crates(&json).values().all(|coverage| coverage.lines.count == 0));
}

#[test]
fn a_text_that_is_no_report_is_refused() {
    let error = by_crate("{}", Path::new("/w"), &[]).unwrap_err().to_string();
    assert!(error.starts_with("cannot understand the coverage report: missing field `data`"), "{error}");
}

#[test]
fn ninety_percent_suffice_and_less_names_the_lines() {
    let segments = "[[4,1,0,true,true,false],[6,2,0,false,false,false],[9,1,0,true,true,false],[9,9,0,false,false,false]]";
    let enough = crates(&report("/w/crates/a/src/x.rs", segments, 10, 9));
    assert_eq!(shortfall(&enough), None);
    let too_little = crates(&report("/w/crates/a/src/x.rs", segments, 100, 89));
    let text = shortfall(&too_little).unwrap();
    let expected = "crates/a: 89.00 % of its lines are covered, 90 % are asked for; not run are\n  \
                    crates/a/src/x.rs: 4-6, 9";
    assert_eq!(text, expected);
}

#[test]
fn the_table_has_a_line_for_each_crate() {
    let crates = crates(&report("/w/crates/a/src/x.rs", "[]", 3, 2));
    let expected = "\
crate              lines   covered
crates/a             2/3   66.67 %
crates/ab            0/0  100.00 %";
    assert_eq!(table(&crates), expected);
}
