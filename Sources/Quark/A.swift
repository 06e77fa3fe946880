import QuarkCore
