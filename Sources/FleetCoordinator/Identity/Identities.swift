// SPDX-License-Identifier: Apache-2.0
import Logging
import Manifests

/// People's and programs' identities: local accounts in the key folder, sessions and API tokens in the database.
struct Identities: Sendable {
    let accounts: LocalAccounts
    /// Whose a credential is: what the gate asks.
    let reader: CredentialReader
    let signIns: SignIns
    let tokens: TokenActions
    let accountActions: AccountActions
    let denials: DenialLog
    let providers: IdentityProviders

    init(
        store: Store, time: WallTime, credentials: Credentials, accountsPath: String, logger: Logger,
        hasher: PasswordHasher = PasswordHasher(), providers: IdentityProviders = .none
    ) {
        self.providers = providers
        accounts = LocalAccounts(path: accountsPath, time: time, logger: logger)
        denials = DenialLog(store: store, time: time, logger: logger)
        reader = CredentialReader(store: store, time: time, credentials: credentials, accounts: accounts, denials: denials)
        signIns = SignIns(
            store: store, time: time, credentials: credentials, accounts: accounts, hasher: hasher, reader: reader, denials: denials,
            logger: logger)
        tokens = TokenActions(store: store, time: time, reader: reader)
        accountActions = AccountActions(store: store, time: time, accounts: accounts, hasher: hasher, reader: reader)
    }
}
