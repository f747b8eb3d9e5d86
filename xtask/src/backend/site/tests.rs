use super::*;
use crate::shell::line;
use crate::tests::Machine;

fn close(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn files_lie_under_the_build_folder_when_we_run_them_ourselves() {
    let machine = Machine::new();
    close(machine.folder.path());
    assert_eq!(files(&machine.shell, "it"), machine.path("target/backends/it"));
    assert_eq!(machine.err.get(), "");
}

#[test]
fn files_move_to_the_temporary_folder_when_their_user_cannot_reach_the_build_folder() {
    let machine = Machine::new().root().var("TMPDIR", "/elsewhere");
    close(machine.folder.path());
    let folder = files(&machine.shell, "it");
    assert!(folder.starts_with("/elsewhere") && folder.ends_with("it"), "{}", folder.display());
    assert_eq!(files(&machine.shell, "it"), folder);
    assert!(machine.err.get().contains("other users cannot reach"), "{}", machine.err.get());
    assert_ne!(files(&Machine::new().root().shell, "it"), folder);
}

#[test]
fn files_stay_where_others_may_pass() {
    let machine = Machine::new().root();
    fs::set_permissions(machine.folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    assert_eq!(files(&machine.shell, "it"), machine.path("target/backends/it"));
}

#[test]
fn a_run_folder_is_empty_but_for_its_tmp() {
    let machine = Machine::new();
    let run = machine.path("run");
    fs::create_dir(&run).unwrap();
    fs::write(run.join("old"), "").unwrap();
    empty_run_folder(&run).unwrap();
    let names: Vec<_> = fs::read_dir(&run).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["tmp"]);
}

#[test]
fn root_makes_the_user_once_and_hands_the_folders_over() {
    let machine = Machine::new().root().program("id", "exit 1").program("useradd", "").program("chown", "");
    hand_over(&machine.shell, &[Path::new("/a"), Path::new("/b")]).unwrap();
    let expected = [
        "id connectors-backend",
        "useradd --system --no-create-home --user-group connectors-backend",
        "chown -R connectors-backend:connectors-backend /a /b",
    ];
    assert_eq!(machine.calls(), expected);

    let known = Machine::new().root().program("id", "").program("chown", "");
    hand_over(&known.shell, &[Path::new("/a")]).unwrap();
    assert_eq!(known.calls()[1], "chown -R connectors-backend:connectors-backend /a");
}

#[test]
fn others_keep_their_folders_and_their_user() {
    let machine = Machine::new();
    hand_over(&machine.shell, &[Path::new("/a")]).unwrap();
    assert_eq!(machine.calls(), [""; 0]);
    assert_eq!(line(&unprivileged(&machine.shell, Command::new("server"))), "server");
}

#[test]
fn roots_servers_run_as_another_user_with_the_same_environment_and_folder() {
    let machine = Machine::new().root();
    let mut command = machine.shell.command("/bin/server");
    command.args(["--port", "1"]).env("MINE", "x").env_remove("OTHER").current_dir("/there");
    let wrapped = unprivileged(&machine.shell, command);
    let expected = "setpriv --reuid connectors-backend --regid connectors-backend --clear-groups -- /bin/server --port 1";
    assert_eq!(line(&wrapped), expected);
    assert_eq!(wrapped.get_current_dir(), Some(Path::new("/there")));
    let mine = wrapped.get_envs().find(|(name, _)| *name == "MINE");
    assert_eq!(mine.and_then(|(_, value)| value), Some("x".as_ref()));
}
