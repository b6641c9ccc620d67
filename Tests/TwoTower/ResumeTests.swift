import Commerce
import Foundation
import Testing
import TwoTower

/// Trainings that are cut off go on where they were, and end as if nothing had happened.
@Suite struct ResumeTests {
    /// A file of its own for an unfinished training, removed at the end.
    final class Place {
        let unfinished: UnfinishedTraining

        init() {
            let name = "training-\(UUID().uuidString)"
            unfinished = UnfinishedTraining(FileManager.default.temporaryDirectory.appendingPathComponent(name))
        }

        deinit { unfinished.remove() }

        var content: Data? { try? Data(contentsOf: unfinished.url) }
    }

    /// What a run left behind.
    struct Run {
        var checkpoint: Checkpoint
        var notices: [String] = []
        /// The file as it was at each epoch's end, in order.
        var cuts: [Data] = []
    }

    static func train(
        _ settings: TrainingSettings, _ place: Place, _ log: TrainingLog = TrainingTests.ring(shoppers: 120),
        from start: Checkpoint? = nil
    ) throws -> Run {
        final class Notes { var texts: [String] = [] }
        let notes = Notes()
        var cuts: [Data] = []
        func look() {
            if let content = place.content, content != cuts.last { cuts.append(content) }
        }
        let checkpoint = try Trainer.train(
            log, settings: settings, from: start, keeping: place.unfinished, progress: { _ in look() },
            notice: { notes.texts.append($0) })
        look()
        return Run(checkpoint: checkpoint, notices: notes.texts, cuts: cuts)
    }

    /// Two candidates, tuning, and the fit on everything.
    private static var settings: TrainingSettings {
        var settings = TrainingTests.quick
        settings.dropout = nil
        settings.epochs = 3
        return settings
    }

    private static func epochs(_ cut: Data) throws -> Int {
        let text = String(decoding: cut.prefix(20_000), as: UTF8.self)
        return text.components(separatedBy: #"\"epoch\":"#).count - 1
    }

    @Test(arguments: [true, false]) func aRunCutAtAnyEpochEndsInTheSameModel(fitsEverything: Bool) throws {
        var settings = Self.settings
        settings.fitsEverything = fitsEverything
        let whole = try Trainer.train(TrainingTests.ring(shoppers: 120), settings: settings)
        let place = Place()
        let kept = try Self.train(settings, place)
        #expect(kept.notices.isEmpty && kept.checkpoint.model.version == whole.model.version)
        // Each epoch but none twice, and one more after tuning.
        #expect(kept.cuts.count == whole.curve.count + 1)
        #expect(Set(whole.curve.map(\.dropout)).count == 2, "there must be a second candidate to cut")
        for cut in kept.cuts {
            try cut.write(to: place.unfinished.url)
            let resumed = try Self.train(settings, place)
            #expect(resumed.notices.count == 1)
            #expect(resumed.notices.first?.contains("goes on after \(try Self.epochs(cut)) epochs") == true)
            #expect(resumed.checkpoint.model.version == whole.model.version, "\(resumed.notices)")
            #expect(resumed.checkpoint.facts == whole.facts)
            #expect(
                resumed.checkpoint.curve.map { [$0.loss, $0.recall ?? -1] }
                    == whole.curve.map { [$0.loss, $0.recall ?? -1] })
            #expect(resumed.checkpoint.curve.map(\.seconds) == resumed.checkpoint.curve.map(\.seconds).sorted())
        }
    }

    @Test func otherDataOrSettingsBeginAnew() throws {
        let place = Place()
        let first = try Self.train(TrainingTests.quick, place)
        var other = TrainingTests.quick
        other.seed = 2
        let seed = try Self.train(other, place)
        #expect(seed.notices.count == 1 && seed.notices[0].hasSuffix("began with other settings; training begins anew"))
        #expect(
            seed.checkpoint.model.version
                == (try Trainer.train(TrainingTests.ring(shoppers: 120), settings: other)).model.version)
        let log = TrainingTests.ring(shoppers: 121)
        let data = try Self.train(other, place, log)
        #expect(data.notices.count == 1 && data.notices[0].contains("other events or another catalogue"))
        #expect(data.checkpoint.facts.shoppers == 121)
        #expect(first.checkpoint.model.version != seed.checkpoint.model.version)
    }

    @Test func aDamagedFileIsNamedAndTrainingBeginsAnew() throws {
        let place = Place()
        var settings = TrainingTests.quick
        settings.epochs = 1
        let whole = try Self.train(settings, place)
        let sound = try #require(whole.cuts.last)
        func edited(_ text: String, _ other: String) throws -> Data {
            var data = sound
            let range = try #require(data.range(of: Data(text.utf8)), "the file does not hold \(text)")
            #expect(text.utf8.count == other.utf8.count)
            data.replaceSubrange(range, with: Data(other.utf8))
            return data
        }
        let damages: [(Data, String)] = [
            (Data(), "too few for a safetensors file"),
            (sound.dropLast(4), "truncated"),
            (sound + [0, 0, 0, 0], "belong to none"),
            (sound.dropLast(4) + [0, 0, 0xc0, 0x7f], "fit.second_moments"),
            (try edited(#""run":"#, #""fun":"#), "do not describe a training"),
            (try edited(#"\"format\":2"#, #"\"format\":9"#), "another version of this program"),
            (try edited(#"candidate\":{\"dimension\":32,"#, #"candidate\":{\"dimension\":48,"#), "expected shape"),
            (try edited(#"candidate\":{\"dimension\":32,"#, #"candidate\":{\"dimension\":-2,"#), "impossible"),
            (try edited("fit.average", "fit.overage"), "\"fit.average\": missing"),
        ]
        for (damage, reason) in damages {
            try damage.write(to: place.unfinished.url)
            let run = try Self.train(settings, place)
            #expect(run.notices.count == 1)
            let notice = run.notices.first ?? ""
            #expect(notice.hasPrefix(place.unfinished.url.path) && notice.contains(reason), "\(notice)")
            #expect(notice.hasSuffix("training begins anew"))
            #expect(run.checkpoint.model.version == whole.checkpoint.model.version)
        }
    }

    @Test func aPlaceThatCannotBeWrittenDoesNotEndTheTraining() throws {
        let nowhere = UnfinishedTraining(URL(fileURLWithPath: "/proc/nowhere/model.training"))
        var settings = TrainingTests.quick
        settings.epochs = 1
        final class Notes { var texts: [String] = [] }
        let notes = Notes()
        _ = try Trainer.train(
            TrainingTests.ring(shoppers: 60), settings: settings, keeping: nowhere,
            notice: { notes.texts.append($0) })
        #expect(notes.texts.first?.contains("/proc/nowhere/model.training: cannot be written") == true)
        #expect(notes.texts.allSatisfy { $0.hasSuffix("training goes on, but cannot be resumed here") })
    }
}
