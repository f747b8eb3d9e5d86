use super::*;
use crate::image::plan::tests::good;
use crate::shell::line;
use crate::tests::Machine;

fn words(machine: &Machine, ground: &Ground) -> String {
    let command = ground.program(&machine.shell, &good(), &["check"]);
    line(&command).replace(&*machine.folder.path().to_string_lossy(), "/W")
}

#[test]
fn root_becomes_the_images_user_and_others_stay_themselves() {
    let machine = Machine::new().program("unshare", "");
    let ground = Ground::Folder(machine.path("root"));
    let enter = format!("--mount -- /bin/sh -c {ENTER} /W/root");
    let expected = format!("/W/bin/unshare --user --map-root-user {enter} /W/root /usr/bin/connectors check");
    assert_eq!(words(&machine, &ground), expected);
    let machine = machine.root();
    let user = "--userspec=65532:65532 --groups=";
    let expected = format!("/W/bin/unshare {enter} {user} /W/root /usr/bin/connectors check");
    assert_eq!(words(&machine, &ground), expected);
    assert_eq!(ground.shared(), machine.path("root/check"));
}

#[test]
fn the_program_gets_the_images_environment_and_no_other() {
    let machine = Machine::new().var("CONNECTORS_ES", "http://mine");
    let command = Ground::Folder(machine.path("root")).program(&machine.shell, &good(), &[]);
    let names: Vec<_> = command.get_envs().map(|(name, _)| name.to_str().unwrap()).collect();
    assert_eq!(names, ["CONNECTORS_CONFIG", "HOME", "PATH"]);
}

#[test]
fn a_container_sees_the_checks_folder_a_volume_and_the_host() {
    let machine = Machine::new().program("docker", "");
    let ground = Ground::Container { image: "c:1".into(), shared: machine.path("shared") };
    let expected = "/W/bin/docker run --rm --network host --add-host elasticsearch.image.test:127.0.0.1 \
                    --dns 127.0.0.77 --volume /W/shared:/check:ro --volume connectors-image-check:/data c:1 check";
    assert_eq!(words(&machine, &ground), expected);
    assert_eq!(ground.shared(), machine.path("shared"));
    ground.end(&machine.shell);
    assert_eq!(machine.calls(), ["docker volume rm --force connectors-image-check"]);
}

#[test]
fn a_build_that_fails_is_told() {
    let machine = Machine::new().program("docker", "exit 3");
    let built = Ground::container(&machine.shell, "c:1".into(), machine.path("shared"));
    assert!(
        built.is_err_and(|error| error.to_string().contains("build --file docker/Dockerfile --tag c:1 ."))
    );
}
