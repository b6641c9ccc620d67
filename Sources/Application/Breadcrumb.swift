extension Program {
    /// `breadcrumb`.
    public static let breadcrumb = Program(
        name: "breadcrumb",
        abstract:
            "Follows each shopper's trail of events and publishes a fresh list of recommendations after every step.",
        version: "0.1.0",
        commands: [
            TopicsCommand.self, ImportCommand.self, TrainCommand.self, EvaluateCommand.self, CompareCommand.self,
            RulesCommand.self, RunCommand.self, StatusCommand.self, UserCommand.self, DemoCommand.self,
            ConfigCommand.self,
        ])
}
