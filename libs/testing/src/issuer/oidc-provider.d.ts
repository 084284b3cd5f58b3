/** The part of oidc-provider 9 that the dev issuer uses: the package brings no types. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  export type Client = { readonly clientId: string; readonly clientName?: string }

  export type Context = {
    readonly oidc: {
      readonly client: Client
      readonly params: Readonly<Record<string, unknown>>
      readonly session: { readonly accountId: string }
      entity(kind: string, value: unknown): void
    }
    body: unknown
    type: string
  }

  export interface Token {
    readonly accountId?: string
    readonly clientId: string
    readonly expiration: number
    resourceServer: ResourceServer
    /** Signs and stores; resolves with the token's text. */
    save(): Promise<string>
  }

  export interface ResourceServer {
    identifier(): string
  }

  export interface Grant {
    addOIDCScope(scope: string): void
    addResourceScope(resource: string, scope: string): void
    save(): Promise<string>
  }

  export type Interaction = { readonly uid: string; readonly params: Readonly<Record<string, unknown>> }

  /** Where the provider keeps what it must remember, one adapter per kind of thing. */
  export interface Adapter {
    upsert(id: string, payload: Record<string, unknown>, expiresInSeconds?: number): Promise<void>
    find(id: string): Promise<Record<string, unknown> | undefined>
    findByUid(uid: string): Promise<Record<string, unknown> | undefined>
    findByUserCode(userCode: string): Promise<Record<string, unknown> | undefined>
    consume(id: string): Promise<void>
    destroy(id: string): Promise<void>
    revokeByGrantId(grantId: string): Promise<void>
  }

  export class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>)
    readonly AccessToken: new (fields: {
      client: Client
      accountId: string
      scope: string | undefined
      expiresIn: number
    }) => Token
    readonly ClientCredentials: new (fields: { client: Client; scope: string | undefined }) => Token
    readonly Grant: new (fields: { clientId: string; accountId: string }) => Grant
    readonly ResourceServer: new (identifier: string, info: Record<string, unknown>) => ResourceServer
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>
    registerGrantType(name: string, handler: (context: Context) => Promise<void>, parameters: readonly string[]): void
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: { login: { accountId: string; remember: boolean } },
    ): Promise<void>
    on(event: 'server_error', listener: (context: Context, error: Error) => void): void
  }

  class ProviderError extends Error {
    constructor(description: string)
  }
  export const errors: {
    readonly InvalidGrant: typeof ProviderError
    readonly InvalidRequest: typeof ProviderError
    readonly InvalidTarget: typeof ProviderError
    readonly SessionNotFound: typeof ProviderError
  }
  export const interactionPolicy: { base(): { remove(prompt: string): void } }
}
