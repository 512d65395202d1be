//! Microsoft's clients of Log Analytics and Application Insights as a judge: they sign in, list,
//! ask, purge, delete and have back. They believe that this is Azure.

use jiff::{SignedDuration, Timestamp};

use crate::azure_simulator::clients::run;
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::monitor::query::too_many;
use crate::support::azure::monitor::spot::Part;
use crate::support::azure::seed::Seed;
use crate::support::azure::simulator::Simulator;
use crate::support::azure::state::Switches;

#[tokio::test]
async fn the_clients_of_logs_take_it_for_azure() {
    let simulator = start().await;
    let seen = run(&simulator, "azure_monitor.py", &["look", "ask"]).await;
    insta::assert_snapshot!(seen, @r#"
    ask batch: [[[1]],"BadArgumentError",[["hanako.example@contoso.example",1],["jiro.example@contoso.example",1],["",1]]]
    ask columns: [["Identity","RunId","TimeGenerated"],["string","string","datetime"]]
    ask nowhere: [404,"PathNotFoundError"]
    ask of_one: [2]
    ask rows: [["hanako.example@contoso.example","foreign_run","datetime"],["jiro.example@contoso.example","calm_stone_2c3d4e5f60","datetime"],["hanako.example@contoso.example","busy_cloud_1b2c3d4e5f","datetime"],["hanako.example@contoso.example","quiet_river_0a1b2c3d4e","datetime"]]
    ask statistics: ["query"]
    ask wrong: [400,"BadArgumentError"]
    look component: ["LogAnalytics","examplela01"]
    look components: ["anotherai01","classicai01","exampleai01"]
    look deleted: []
    look of_group: ["examplela01"]
    look plans: ["Analytics","Auxiliary","Basic"]
    look tables: ["AmlComputeClusterEvent","AmlComputeInstanceEvent","AmlComputeJobEvent"]
    look types Properties: "dynamic"
    look types TimeGenerated: "dateTime"
    look types UserId: "string"
    look workspace: ["westeurope","PerGB2018",30]
    look workspaces: ["examplela01"]
    "#);
}

#[tokio::test]
async fn the_clients_of_logs_purge_and_delete() {
    let simulator = start().await;
    let seen = run(&simulator, "azure_monitor.py", &["purge", "delete"]).await;
    insta::assert_snapshot!(seen, @r#"
    delete after: []
    delete back: "examplela01"
    delete component: [404,"ResourceNotFound"]
    delete deleted: ["examplela01"]
    delete gone: [404,"ResourceNotFound"]
    purge basic: [400,"BadArgument"]
    purge by_body: [404,"ResourceNotFound"]
    purge left: 2
    purge status: ["completed","completed"]
    "#);
    assert!(simulator.state().monitor.workspaces.is_empty());
}

#[tokio::test]
async fn the_clients_of_logs_are_told_what_fails() {
    let simulator = start().await;
    simulator.state().monitor.switches.partial.insert("AppTraces".to_owned(), 1);
    let throttled = Fault::Refused(too_many(1));
    simulator.plan_nth(Verb::Act, Kind::Telemetry(Part::Query), 2, throttled);
    let seen = run(&simulator, "azure_monitor.py", &["partial"]).await;
    insta::assert_snapshot!(seen, @r#"
    partial code: "PartialError"
    partial refused: [429,"ThrottledError"]
    partial rows: 1
    partial status: true
    "#);
}

/// Over TLS, on today's date, which the clients compare with the end of their tokens; and what is
/// purged is gone at once, for nobody here moves the clock.
async fn start() -> Simulator {
    let switches = Switches { page_items: 2, ..Switches::default() };
    let seed = Seed { now: Timestamp::now(), switches, ..Seed::default() };
    let simulator = Simulator::start(seed).await;
    simulator.state().monitor.switches.purge_lasts = Some(SignedDuration::ZERO);
    simulator
}
