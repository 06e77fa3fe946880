// What this module's own faces are made of.
@_exported public import struct QuarkCore.RuleError
@_exported public import struct QuarkCore.Ruleset
@_exported public import struct QuarkLinux.Errno
@_exported public import struct QuarkLinux.QuarkError
