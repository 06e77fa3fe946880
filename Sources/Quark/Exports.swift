// Types of QuarkCore that appear in this module's interface.
@_exported public import struct QuarkCore.RuleError
@_exported public import struct QuarkCore.Ruleset
@_exported public import struct QuarkLinux.Errno
@_exported public import struct QuarkLinux.QuarkError
