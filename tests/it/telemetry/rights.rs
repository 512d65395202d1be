//! The roles in `deploy/roles` grant what the work with telemetry calls, and nothing else.

use dsrd::ports::sources::{Asked, Erased, Source};

use crate::support::azure::rights::{Actions, Role, assert_listed, called, granted};
use crate::support::azure::seed::HANAKO;
use crate::telemetry::world::{World, classic, found, hanako, rows_of};

/// Reads what a workspace has too, of which it asks where its telemetry is.
fn roles(names: &[&str]) -> Vec<Role> {
    ["find"].iter().chain(names).map(|name| Role::published(name)).collect()
}

#[tokio::test]
async fn what_finds_and_purges_needs_each_action_of_its_role() {
    let (mut finds, mut purges) = (Actions::new(), Actions::new());
    let items =
        [(found(), "examplela01/AppRequests/UserId"), (classic(), "classicai01/traces/user_Id")];
    for (of, item) in items {
        let world = World::with(of.clone(), roles(&["telemetry"])).await;
        assert!(!world.told(&hanako()).await.is_empty());
        assert!(
            world.source.lacks().await.unwrap().iter().all(|it| it.role.ends_with("purge.json"))
        );
        assert!(!world.source.lacks().await.unwrap().is_empty());
        assert!(!world.rows(item, &[HANAKO]).await.is_empty());
        finds.append(&mut called(&world.simulator));
        let refused = world.source.erase_rows(&rows_of(item), &[HANAKO.to_owned()]).await.unwrap();
        assert!(matches!(refused, Erased::Blocked(_)), "{refused:?}");
        let world = World::with(of, roles(&["telemetry", "purge"])).await;
        assert!(world.source.lacks().await.unwrap().is_empty());
        let erased = world.source.erase_rows(&rows_of(item), &[HANAKO.to_owned()]).await.unwrap();
        let Erased::Begun(ticket) = erased else { panic!("{erased:?}") };
        world.source.follow(&rows_of(item), &ticket.handle).await.unwrap();
        purges.append(&mut called(&world.simulator));
    }
    let own = |all: Actions, without: &Actions| -> Actions {
        all.into_iter().filter(|it| !without.contains(it)).collect()
    };
    let workspace = "Microsoft.MachineLearningServices/workspaces/read".to_owned();
    // Tables are granted one by one, and none is called by its name in a path.
    finds.insert("Microsoft.OperationalInsights/workspaces/query/*/read".to_owned());
    assert_eq!(own(finds.clone(), &Actions::from([workspace])), granted("telemetry"));
    assert_eq!(own(purges, &finds), granted("purge"));
}

/// The page says what the files say.
#[test]
fn the_page_lists_what_the_roles_grant() {
    assert_listed(&["telemetry", "purge"]);
}
