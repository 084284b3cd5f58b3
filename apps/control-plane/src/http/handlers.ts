/** What a handler is given and what it answers, typed from the routes table. */
import type { Route, RouteName, routes } from '@weir/contracts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { GatewayCaller, PersonCaller } from './caller.ts'

type Routes = typeof routes
type Part<R extends RouteName, P extends keyof Route> = Routes[R] extends { readonly [K in P]: infer S }
  ? S extends z.ZodType
    ? z.output<S>
    : Buffer
  : undefined

export type Call<R extends RouteName> = {
  readonly caller: Routes[R]['by'] extends 'gateway' ? GatewayCaller : PersonCaller
  readonly params: Part<R, 'params'>
  readonly query: Part<R, 'query'>
  readonly body: Part<R, 'body'>
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** Aborted when the client is gone or the server stops. */
  readonly signal: AbortSignal
}

/** 304: what the caller has is still so. */
export const notModified = Symbol('not modified')

export type Handler<R extends RouteName> = (
  call: Call<R>,
) => Promise<z.input<Routes[R]['response']> | typeof notModified>

export type Handlers = { readonly [R in RouteName]: Handler<R> }
