import GuestInit

/// The first process of guests that have no quark-test, which is one, too.
// The package manager links an executable with `main` defined as MODULE_main.
@c(quark_init_main)
public func quarkInitMain(
  _ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt { unsafe runAsInit(argc, argv) }
