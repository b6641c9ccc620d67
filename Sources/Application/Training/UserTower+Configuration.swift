import Configuration
import TwoTower

extension UserTower: ConfigurationValue {}
