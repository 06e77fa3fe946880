import GuestInit

/// The first process of guests without quark-test; quark-test can do the same.
// The package manager links an executable with `main` defined as MODULE_main.
@c(quark_init_main)
public func quarkInitMain(
  _ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt { unsafe runAsInit(argc, argv) }
