import Application
import Foundation

exit(Program.breadcrumb.main())
