//! Everything a person or another system could see, in one binary.

#![expect(clippy::unwrap_used, reason = "a test that unwraps in vain has failed, as it should")]

mod support; // what the tests start and share
mod state_grid; // every state against every event
mod flow; // whole lives through the door, in memory
mod policies; // what an erasure does by the operator's rules, and what of others an export shows
mod order; // in which order people are served
mod refusals; // how refused messages are told, and what makes two messages one request
mod names; // the same blobs under every kind of source give the same plan
mod decisions; // what waits for a person, and what a person may decide
mod extended; // more time for a request, once
mod tickets; // work that services finish by themselves, in minutes or weeks
mod abreast; // several requests acted on at the same time
mod waiting; // what waits for something outside, and how that ends
mod callbacks; // producers are told by HTTP, and nobody else is
mod crash; // the same lives, stopped at every effect and started again
mod resuming; // a walk that was broken off goes on where it was, as long as that means something
mod fleet; // two daemons on one ledger, one of them killed or frozen at every effect
mod rekeyed; // another master key or signing key takes the place of the one in force
mod model; // intake, ledger, leases and outbox as a model, every order of events checked
mod model_purges; // a removal that requests share, the same way
mod measured; // what of whole lives is counted, measured and logged
mod privacy; // canaries
mod digits; // bytes that a text spells in digits, and what is short and does not say what it is
mod behind; // what stands behind an end, or where no directory tells of it
mod matching; // what is found in an item, in every reading, and what is not
mod stores; // what is found in databases, columns, arrays and documents
mod spelled; // spellings that a reader takes for the same
mod wordings; // names and aliases as people and programs write them
mod oracle; // the same against an oracle that is slow and obviously right
mod hostile; // content that was made to take long, to take much, or to break what reads it
mod memory; // how much memory an item may take, however large it is
mod rewriting; // what is rewritten, loaded again by whoever it is for
mod rewritten_tables; // generated tables in stores, as if they had been written without her
#[path = "../fuzz/seeds.rs"]
mod seeds; // small files of every form
mod mutated; // the same, changed at random
mod redaction; // what is taken out of an item, what stays, and what is refused
mod markup; // text between tags and control words
mod masking; // who is masked in the items of a request, and who is not
mod acquainted; // who is masked because somebody else's run names them
mod said; // what a source says of an item beside its bytes is used: encodings, properties, directories
mod source_contract; // the Source suite: memory, folder
mod asked; // sources that are asked: the Asked suite, lives with tables, what a service takes in an hour
mod purges; // removals for a crowd: how many calls, in which hours
mod catalogue; // what sweeps learn of items, and what a later one reads all the same
mod terms; // what a filter of terms admits: whatever any test of the reader finds
mod things; // requests about a thing: names, order, what is put aside, what stays
mod homes; // folders of users: whose they are, what goes along, what stays of others and in doubt
mod whole_runs; // what an erasure takes of a workspace: runs whole, with their blobs; what holds others' work
mod exporting_things; // exports of a thing: its documents and its files, what is missing, what stays as it is
mod rewrite_contract; // redaction in place, a part of that suite
mod source_on_azure; // the Source suite: Azurite; broken wires, refusals
mod blob_server; // our own blob service against what Microsoft publishes of the real one
mod source_on_blob_server; // the Source suite on it; every request fails once in each way
mod dependents; // a workspace with what depends on it: order, what is kept, what nobody can say
mod azure_simulator; // our Azure Machine Learning before three judges: OpenAPI, its examples, Microsoft's clients
mod resources; // a workspace's services as a source, over the simulator
mod telemetry; // Log Analytics and Application Insights as sources, over the simulator
mod graph; // a tenant's logs, which Microsoft Graph copies: lives, the adapter, the program
mod file_server; // our own file service before two judges: what Microsoft publishes, and Microsoft's client
mod source_on_file_server; // the Source suite on our own file service: shares, snapshots, leases, open files
mod closed_on_file_server; // what a share does not give out: names no request can say, drafts and leases that were left
mod lake_server; // our own Data Lake service before two judges: what Microsoft publishes, and Microsoft's client
mod source_on_lake_server; // the Source suite on it: directories, owners and rights, soft-deleted paths
mod lived_on_servers; // whole lives of the program on both: kills, names, folders of users, canaries
mod rewriting_blobs; // what an account keeps of a blob that is written over, and what it may lose
mod erasing_blobs; // what an account keeps of an erased blob, under each policy; patterns of containers
mod exports_contract; // the Exports suite: memory, folder, Azurite
mod encrypted; // archives for their recipients alone, opened by age; their end, and links to them
mod ledger_contract; // the Ledger suite: SQLite, PostgreSQL
mod ledger_faults; // a ledger that fails for a while: full disks, cut connections, cancelled statements
mod register; // requests as lists and as the register of a period, for people, spreadsheets and programs
mod ledger_shredding; // what a database file still holds of a request that rests
mod folder_queue; // the embedded default queue
mod signed; // who may ask: keys, signatures, and messages that nobody vouches for
mod amqp; // a real broker as the door
mod broker_faults; // what happens to brokers and to the way to them, and ten thousand messages
mod tombstones; // erased people who come back
mod left_items; // which items a request left: known for a while, to the operator alone
mod declared; // dense content: one line a form, and what is declared to hold no person
mod sealed_requests; // what was accepted once stays what it was; requests that an earlier version sealed
mod true_reports; // laws, origins, decisions: what people are told is what is known
mod outcomes; // the words for what became of an item, whatever was lost on the way
mod coverage; // where was looked, where not, and what somebody has to do there
mod certificate; // the signed statement of an erasure: issued, kept, checked
mod archive; // bytes, names and manifest, opened by other people's programs
mod report; // the page for people, looked at by a browser and judged by programs of others
mod unreached; // whoever is away is named with host, port and cause
mod unmounted; // a folder that is away is no empty one
mod traces; // what a collector of ours is told by the program: one trace a request, and all numbers
mod http; // health, metrics and the page, asked over a socket
mod deciding; // decisions on the page of a request: tokens, forms, a browser behind a proxy
mod config_samples; // every settings file in the repository is accepted
mod cli; // the program itself, as a process
mod deploying; // what `deploy/build` makes, the image and the package of it, and the unit that runs it
mod deploying_linted; // every file of `deploy` before a program that knows its kind
mod deploying_watched; // alerts and dashboard: of numbers that there are, with something to do at each
mod deploying_broker; // a broker made by an administrator, and the examples for producers, on it
mod deploying_restored; // a ledger from a backup that was taken amid requests
mod tidy; // properties of the code
mod readmes; // what the READMEs of src and tests say of the tree is so, and where all pages lead
mod foreign; // the main job as strangers meet it: RabbitMQ, Azurite, python
mod killed; // real daemons against real parts, killed at random
mod schema; // what is published of our contracts takes what we write
mod contract; // the same, by programs of others
mod bad_input; // one table of bad messages: read, sent to a broker, dropped into a folder
