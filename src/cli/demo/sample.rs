//! The sample workspace: a handful of items in the shapes and places that Azure Machine Learning
//! uses, by three people who do not exist.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Id of the request that asks for Hanako's data.
pub const HANAKO_REQUEST: &str = "1f0c1f6e-6d1a-4c39-9d2c-000000000001";

/// Id of the request that erases Taro.
pub const TARO_REQUEST: &str = "1f0c1f6e-6d1a-4c39-9d2c-000000000002";

/// Id of the request that asks for Jiro's data, which the demo leaves to whoever reads it.
pub const JIRO_REQUEST: &str = "1f0c1f6e-6d1a-4c39-9d2c-000000000003";

/// Somebody who used the workspace.
struct Person {
    name: &'static str,
    upn: &'static str,
    object_id: &'static str,
    alias: &'static str,
}

const HANAKO: Person = Person {
    name: "Hanako Example",
    upn: "hanako.example@contoso.example",
    object_id: "11111111-2222-3333-4444-555555555555",
    alias: "hanako",
};
const TARO: Person = Person {
    name: "Taro Example",
    upn: "taro.example@contoso.example",
    object_id: "22222222-3333-4444-5555-666666666666",
    alias: "taro",
};
const JIRO: Person = Person {
    name: "Jiro Example",
    upn: "jiro.example@contoso.example",
    object_id: "33333333-4444-5555-6666-777777777777",
    alias: "jiro",
};

/// The runs that the workspace's service has documents of.
const CHURN: &str = "churn-train_1712345678";
const RENTALS: &str = "rentals_1708363780_2";

/// What Hanako's request names her by.
pub fn hanako() -> [(&'static str, &'static str); 4] {
    identities(&HANAKO)
}

/// What Taro's request names him by.
pub fn taro() -> [(&'static str, &'static str); 4] {
    identities(&TARO)
}

/// What Jiro's request names him by.
pub fn jiro() -> [(&'static str, &'static str); 4] {
    identities(&JIRO)
}

fn identities(person: &Person) -> [(&'static str, &'static str); 4] {
    [
        ("email", person.upn),
        ("object_id", person.object_id),
        ("name", person.name),
        ("username", person.alias),
    ]
}

/// Writes the workspace and says how many items it has.
///
/// # Errors
/// The folder cannot be written.
pub fn write(root: &Path) -> io::Result<usize> {
    let items = items()?;
    for (name, bytes) in &items {
        let path = root.join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, bytes)?;
    }
    Ok(items.len())
}

fn items() -> io::Result<Vec<(String, Vec<u8>)>> {
    let (churn, rentals, local) = (CHURN, RENTALS, "local_1577912881");
    let mut items = vec![
        run(&HANAKO, churn, "retrain for ticket 881, ask hanako.example@contoso.example"),
        run(&TARO, rentals, "nightly rentals"),
        run(&JIRO, local, ""),
    ];
    let mut add = |name: &str, bytes: Vec<u8>| items.push((name.to_owned(), bytes));
    add(&in_run(churn, "user_logs/std_log.txt"), log(&HANAKO));
    add(&in_run(rentals, "azureml-logs/70_driver_log.txt"), log(&TARO));
    add(&in_run(local, "azureml-logs/70_driver_log.txt"), log(&JIRO));
    add(&in_run(churn, "outputs/predictions.csv"), csv());
    add(&in_run(rentals, "logs/azureml/job_prep_azureml.log.gz"), gzip(&log(&TARO))?);
    add(&in_run(rentals, "outputs/model.pkl"), pickle(TARO.upn));
    add(&in_run(local, "outputs/model.pkl"), pickle("weights only"));
    add(&format!("LocalUpload/Users/{}/churn.ipynb", HANAKO.alias), notebook(&HANAKO));
    add(&format!("ArtifactZip/ExperimentRun/dcid.{rentals}.zip"), zip(&TARO)?);
    add(
        &format!("ComputeRecord/dcid.{local}"),
        br#"{"nodes":1,"vmSize":"STANDARD_DS3_V2"}"#.to_vec(),
    );
    // Jiro needs it: Taro is taken out of it.
    add("LocalUpload/0f3a9c1b/on-call.csv", roster().into_bytes());
    // A name that only looks like Taro's: nothing of it may be touched.
    add(&in_run(local, "outputs/decoy.txt"), b"mataro.example@contoso.example\n".to_vec());
    Ok(items)
}

/// What the workspace's service says of the runs of two of them, by the names that the documents
/// have in a source.
pub fn documents() -> Vec<(String, Vec<u8>)> {
    let job = |id: &str, person: &Person, experiment: &str| {
        let document = json!({
            "name": id,
            "type": "Microsoft.MachineLearningServices/workspaces/jobs",
            "properties": {
                "jobType": "Command",
                "displayName": "quiet river",
                "experimentName": experiment,
                "status": "Completed",
                "tags": { "mlflow.user": person.alias },
            },
            "systemData": {
                "createdAt": "2024-04-05T19:34:38.1234567+00:00",
                "createdBy": person.name,
                "createdByType": "User",
            },
        });
        (format!("run/{id}"), pretty(&document))
    };
    vec![job(CHURN, &HANAKO, "churn"), job(RENTALS, &TARO, "rentals")]
}

fn roster() -> String {
    format!("week,who\n14,{}\n15,{}\n", TARO.upn, JIRO.upn)
}

fn in_run(run: &str, path: &str) -> String {
    format!("ExperimentRun/dcid.{run}/{path}")
}

fn run(person: &Person, id: &str, description: &str) -> (String, Vec<u8>) {
    let user = json!({
        "userObjectId": person.object_id,
        "userPuId": null,
        "userTenantId": "99999999-8888-7777-6666-555555555555",
        "userName": person.name,
        "upn": person.upn,
    });
    let document = json!({
        "runId": id,
        "dataContainerId": format!("dcid.{id}"),
        "status": "Completed",
        "createdUtc": "2024-04-05T19:34:38.1234567+00:00",
        "createdBy": user,
        "lastModifiedBy": user,
        "userId": person.object_id,
        "description": description,
        "tags": { "mlflow.user": person.alias, "owner": person.upn },
        "properties": { "azureml.git.branch": format!("users/{}/retrain", person.alias) },
    });
    (in_run(id, "run.json"), pretty(&document))
}

fn pretty(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

fn log(person: &Person) -> Vec<u8> {
    let (alias, upn) = (person.alias, person.upn);
    format!(
        "2024-04-05T19:34:49Z INFO  starting\n\
         2024-04-05T19:34:50Z INFO  notify {upn} when done\n\
         2024-04-05T19:34:51Z INFO  cwd /home/azureuser/cloudfiles/code/Users/{alias}/train\n"
    )
    .into_bytes()
}

fn csv() -> Vec<u8> {
    let (hanako, jiro) = (HANAKO.upn, JIRO.upn);
    format!("customer,score\n\"{hanako}\",0.82\n\"{jiro}\",0.13\n").into_bytes()
}

fn notebook(person: &Person) -> Vec<u8> {
    let cell = json!({
        "cell_type": "code",
        "source": ["run.display_name = 'quiet river'\n"],
        "outputs": [{ "name": "stdout", "text": [format!("submitted by {}\n", person.name)] }],
    });
    pretty(&json!({ "nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell] }))
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn zip(person: &Person) -> io::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(io::Cursor::new(Vec::new()));
    zip.start_file("azureml-logs/70_driver_log.txt", SimpleFileOptions::default())?;
    zip.write_all(&log(person))?;
    Ok(zip.finish()?.into_inner())
}

/// `{"owner": text}` as Python's pickle protocol 4 writes it.
fn pickle(text: &str) -> Vec<u8> {
    let mut body = b"}\x94\x8c\x05owner\x94\x8c".to_vec();
    body.push(u8::try_from(text.len()).expect("the sample's texts are short"));
    body.extend_from_slice(text.as_bytes());
    body.extend_from_slice(b"\x94s.");
    let mut pickle = b"\x80\x04\x95".to_vec();
    pickle.extend_from_slice(&(body.len() as u64).to_le_bytes());
    pickle.extend_from_slice(&body);
    pickle
}
