import Application
import Commerce
import Foundation
import Testing
import TwoTower

@Suite struct TrainTests {
    @Test func aJobReadsBothFilesAndTrainsOnTheEarlierPart() throws {
        let folder = try Scratch()
        try ShopFiles.write(to: folder, badRows: ["v1,,view,1767225600,1", "v1,p1,hover,1767225600,1"])
        var settings = TrainingSettings()
        (settings.dimension, settings.epochs) = (16, 2)
        let until = EventTime(milliseconds: (1_767_225_600 + 40 * 40) * 1000)
        let job = TrainingJob(
            events: InputTable(path: folder.path("events.csv"), options: try ShopFiles.options(ShopFiles.eventColumns)),
            items: InputTable(
                path: folder.path("products.csv"), options: try ShopFiles.options(["item_id=sku", "title=name"])),
            until: until, settings: settings)
        var (read, share, refused) = ([String: Int](), [Double](), [String]())
        let outcome = try job.run(
            progress: { step in
                switch step {
                case .reading(let progress):
                    #expect(progress.bytes <= progress.size)
                    read[progress.path] = progress.rows
                case .training(let progress): share.append(progress.fraction)
                }
            }, refused: { refused.append($0.description) })
        let later = (0..<60).flatMap { visitor in (0..<8).map { visitor * 40 + $0 * 6 } }.filter { $0 >= 40 * 40 }.count
        #expect(later > 0 && outcome.laterEvents == later)
        #expect(outcome.checkpoint.facts.events == 480 - later && outcome.items == 12)
        #expect(outcome.checkpoint.model.items.count == 12)
        #expect(read == [folder.path("events.csv"): 482, folder.path("products.csv"): 12])
        #expect(share == share.sorted() && share.last == 1)
        #expect(refused.count == 1)
        #expect(refused.first?.contains("events.csv: 2 rows refused:\n  line 482: missing_field: item_id") == true)
        #expect(refused.first?.contains("line 483: unknown_type: type \"hover\"") == true)
    }

    @Test func theWalkThroughOfTheReadmeWorks() throws {
        let folder = try Scratch()
        try ShopFiles.write(to: folder)
        let kafka = ["BREADCRUMB_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"]  // nobody: a dry run asks none
        let events = try run(
            ["import", "events", "events.csv", "--dry-run"] + ShopFiles.eventOptions, kafka, in: folder)
        #expect(events.status == 0, "\(events.complaint)")
        #expect(
            events.output.hasPrefix(
                "v0\t{\"type\":\"browse\",\"user_id\":\"v0\",\"item_id\":\"p0\",\"timestamp\":\"2026-01-01T00:00:00.000Z\",\"price\":0.5}\n"
            ))
        #expect(events.output.hasSuffix("events.csv: 480 records would be written to events; 0 rows refused\n"))
        let items = try run(
            ["import", "catalogue", "products.csv", "--dry-run"] + ShopFiles.itemOptions("--column"), kafka, in: folder)
        #expect(items.status == 0, "\(items.complaint)")
        #expect(
            items.output.contains(
                "\"title\":\"Teapot, No. 0\",\"category\":[\"Home\",\"Kitchen 0\"],\"brand\":\"Maker 0\""))
        let train =
            ["train", "--events", "events.csv", "--items", "products.csv", "--model", "model"]
            + ["--dimension", "16", "--epochs", "2"] + ShopFiles.eventOptions + ShopFiles.itemOptions("--item-column")
        let first = try run(train, in: folder)
        #expect(first.status == 0, "\(first.complaint)")
        let checkpoint = try Checkpoint(directory: folder.url.appending(path: "model"))
        #expect(checkpoint.facts.events == 480 && checkpoint.facts.shoppers == 60)
        #expect(first.output.contains("version     \(checkpoint.model.version)\n"))
        #expect(first.output.contains("trained on  480 events of 60 shoppers on 12 items\ncatalogue   12 records\n"))
        #expect(try folder.names() == ["events.csv", "model", "products.csv"])
        // The folder's own older checkpoint is replaced, with the plan that a service has left in it; equal files, settings and seed give an equal model.
        let plan = folder.url.appending(path: "model/index-0.99-20.plan")
        try Data().write(to: plan)
        #expect(try run(train, in: folder).output == first.output)
        #expect(!FileManager.default.fileExists(atPath: plan.path))
        #expect(try run(train + ["--seed", "2"], in: folder).output != first.output)
        // A rate named is the rate trained by; without one it is the default.
        #expect(checkpoint.facts.settings["learningRate"] == TrainingSettings().learningRate)
        #expect(try run(train + ["--learning-rate", "0.001"], in: folder).status == 0)
        let slower = try Checkpoint(directory: folder.url.appending(path: "model"))
        #expect(slower.facts.settings["learningRate"] == 0.001 && slower.model.version != checkpoint.model.version)
    }

    @Test func aRefreshGoesOnFromACheckpointAndMayReplaceIt() throws {
        let folder = try Scratch()
        // An event of the year 2096 would make all others old.
        try ShopFiles.write(to: folder, badRows: ["v1,p1,view,4000000000,1"])
        let files =
            ["train", "--events", "events.csv", "--items", "products.csv", "--model", "model"] + ShopFiles.eventOptions
            + ShopFiles.itemOptions("--item-column")
        let until = EventTime(milliseconds: (1_767_225_600 + 40 * 40) * 1000).rfc3339
        let first = try run(files + ["--dimension", "16", "--epochs", "2", "--until", until], in: folder)
        #expect(first.status == 0 && !first.output.contains("started from"), "\(first.complaint)")
        let place = folder.url.appending(path: "model")
        let before = try Checkpoint(directory: place)
        let refused = try run(files + ["--from", "model", "--dimension", "32"], in: folder)
        #expect(refused.status == 1 && refused.complaint.contains("dimension is 32, but 16 in the checkpoint"))
        #expect(try Checkpoint(directory: place).model.version == before.model.version)
        let refreshed = try run(files + ["--from", "model", "--epochs", "1"], in: folder)
        #expect(
            refreshed.status == 0 && refreshed.complaint.contains("line 482: future_time"),
            "\(refreshed.complaint)")
        let after = try Checkpoint(directory: place)
        #expect(
            refreshed.output.contains("version     \(after.model.version)\nstarted from  \(before.model.version)\n"))
        #expect(after.facts.startedFrom == before.model.version && after.facts.events == 480)
        #expect(after.model.dimension == 16 && after.model.version != before.model.version)
        #expect(try folder.names() == ["events.csv", "model", "products.csv"])
    }

    @Test(arguments: [
        (["train"], 2, "--events: missing; for example --events events.csv"),
        (["train", "--events", "events.csv", "--dimension", "20"], 2, "--dimension: must be a multiple of 16"),
        (
            ["train", "--events", "events.csv", "--learning-rate", "0.5"], 2,
            "--learning-rate: 0.5: out of range, which is 0.0001 to 0.1"
        ),
        (
            ["train", "--events", "events.csv", "--type", "look=view"], 2,
            "--type: look=view is not of the form action=name"
        ),
        (
            ["train", "--events", "events.csv", "--column", "type"], 2,
            "--column: the column map \"type\" is not of the form"
        ),
        (["train", "--events", "events.csv", "--until", "soon"], 2, "--until: soon is not a time such as"),
        (["train", "--events", "none.csv"], 1, "breadcrumb train: none.csv: No such file or directory\n"),
        (["train", "--events", "events.csv"], 1, "events.csv: no column for type, user_id (or anonymous_id), item_id"),
        (
            ["train", "--events", "events.csv", "--from", "products.csv"], 1,
            "products.csv/model.json: cannot be read"
        ),
        (
            ["train", "--events", "events.csv", "--model", "."], 1,
            "--model .: holds events.csv, which is no part of a checkpoint"
        ),
        (
            ["train", "--events", "events.csv", "--model", "products.csv"], 1,
            "--model products.csv: is not a folder that can be read"
        ),
    ]) func wrongUseIsToldInOneLine(arguments: [String], status: Int, complaint: String) throws {
        let folder = try Scratch()
        try ShopFiles.write(to: folder)
        let run = try run(arguments, in: folder)
        #expect(Int(run.status) == status && run.output.isEmpty)
        #expect(run.complaint.contains(complaint), "\(run.complaint)")
        #expect(run.complaint.filter { $0 == "\n" }.count == 1)
        #expect(try folder.names() == ["events.csv", "products.csv"])
    }

    @Test func anInterruptLeavesNoHalfCheckpoint() async throws {
        try await onThread {
            let folder = try Scratch()
            let rows = (0..<40_000).map { "u\($0 % 400),i\($0 * 7919 % 997),browse,\(1_767_225_600 + $0)" }
            try folder.write("events.csv", ["user_id,item_id,type,timestamp"] + rows)
            let (process, complaint) = (Process(), Pipe())
            process.executableURL = URL(fileURLWithPath: programPath)
            process.arguments = ["train", "--events", "events.csv", "--dimension", "256", "--blocks", "4"]
            process.currentDirectoryURL = folder.url
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, complaint)
            unblockTermination()
            try process.run()
            var told = ""
            while !told.contains("reading events.csv  100%") {  // then training begins
                let more = complaint.fileHandleForReading.availableData
                if more.isEmpty { break }
                told += String(decoding: more, as: UTF8.self)
            }
            process.terminate()  // as Ctrl-C, which a job in the background may have been told to ignore
            process.waitUntilExit()
            #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGTERM)
            #expect(try folder.names() == ["events.csv"])
        }
    }

    @Test func aKilledTrainingGoesOnWhereItWas() async throws {
        try await onThread {
            let folder = try Scratch()
            let rows = (0..<12_000).map {
                "u\($0 % 400),i\(($0 % 400 * 7 + $0 / 400) % 499),browse,\(1_767_225_600 + $0)"
            }
            try folder.write("events.csv", ["user_id,item_id,type,timestamp"] + rows)
            let train = ["train", "--events", "events.csv", "--dimension", "64", "--epochs", "8", "--model"]
            let (process, complaint) = (Process(), Pipe())
            process.executableURL = URL(fileURLWithPath: programPath)
            process.arguments = train + ["cut"]
            process.currentDirectoryURL = folder.url
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, complaint)
            try process.run()
            let told = complaint.fileHandleForReading
            var waiting = pollfd(fd: told.fileDescriptor, events: Int16(POLLIN), revents: 0)
            while try !folder.names().contains("cut.training"), process.isRunning {
                if poll(&waiting, 1, 2) > 0, told.availableData.isEmpty { break }
            }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL)
            #expect(try Set(folder.names()).subtracting(["cut.training.new"]) == ["cut.training", "events.csv"])
            let resumed = try run(train + ["cut"], in: folder)
            #expect(resumed.status == 0 && resumed.complaint.contains("cut.training: training goes on after "))
            let whole = try run(train + ["whole"], in: folder)
            #expect(!whole.complaint.contains("goes on"))
            let versions = try ["cut", "whole"].map {
                try Checkpoint(directory: folder.url.appending(path: $0)).model.version
            }
            #expect(versions[0] == versions[1])
            #expect(try folder.names() == ["cut", "events.csv", "whole"])
        }
    }

    /// A child inherits the signals that its parent's thread blocks, and the threads of tests block all.
    private func unblockTermination() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }
}
