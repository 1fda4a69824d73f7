import { Doc } from 'yjs';
import type { Random } from '../../support/test.ts';
import type { EntityType, Operation } from '../apis/relay/api.ts';

/** One edit of a ledger: what it is about, and the Yjs update that makes it. */
export interface Edit {
  entityType: EntityType;
  entityId: string;
  operation: Operation;
  update: Uint8Array;
}

/** Weights of what people enter: mostly transactions. */
const ENTITY_TYPES = { transaction: 70, account: 10, invoice: 20 } as const;
const COLLECTIONS = { transaction: 'transactions', account: 'accounts', invoice: 'invoices' } as const;

/** Entities that a device goes on editing. */
const MAX_OPEN = 20;
/** A fresh document after so many edits: history grows with every edit, and the cost of a load must not grow with time. */
const EDITS_PER_DOCUMENT = 200;

/** A device's share of a ledger: makes genuine Yjs updates of the ledger's schema, at a cost that stays the same. */
export class Ledger {
  readonly #random: Random;
  readonly #name: string;
  #doc = new Doc();
  #edits = 0;
  #created = 0;
  #open: { entityType: EntityType; entityId: string }[] = [];
  #update: Uint8Array = new Uint8Array();

  /** @param name begins the ids of its entities */
  constructor(name: string, random: Random) {
    this.#name = name;
    this.#random = random;
    this.#listen();
  }

  /** Half of the edits create, most others change, a few delete. */
  edit(): Edit {
    if (this.#edits === EDITS_PER_DOCUMENT) this.#renew();
    this.#edits += 1;
    const roll = this.#random();
    if (this.#open.length === 0 || (roll < 0.5 && this.#open.length < MAX_OPEN)) return this.#create();
    const place = this.#random.int(0, this.#open.length - 1);
    const { entityType, entityId } = this.#open[place]!;
    if (roll > 0.9 || this.#open.length >= MAX_OPEN) {
      this.#open.splice(place, 1);
      return this.#make(entityType, entityId, 'DELETE');
    }
    return this.#make(entityType, entityId, 'UPDATE');
  }

  #create(): Edit {
    const entityType = this.#random.weighted(ENTITY_TYPES);
    this.#created += 1;
    const entityId = `${this.#name}-${this.#created}`;
    this.#open.push({ entityType, entityId });
    return this.#make(entityType, entityId, 'CREATE');
  }

  #make(entityType: EntityType, entityId: string, operation: Operation): Edit {
    const entities = this.#doc.getMap(COLLECTIONS[entityType]);
    if (operation === 'DELETE') entities.delete(entityId);
    else entities.set(entityId, this.#content(entityType, entityId));
    return { entityType, entityId, operation, update: this.#update };
  }

  #content(entityType: EntityType, id: string): object {
    const date = '2026-01-01';
    const amountCents = this.#random.int(-50_000, 50_000);
    switch (entityType) {
      case 'transaction':
        return {
          id,
          date,
          payee: `Payee ${this.#random.int(1, 500)}`,
          amount_cents: amountCents,
          account_id: 'checking',
        };
      case 'account':
        return { id, name: `Account ${this.#random.int(1, 500)}`, kind: 'savings' };
      case 'invoice':
        return { id, number: id, client: 'Client', due: date, amount_cents: Math.abs(amountCents), status: 'draft' };
    }
  }

  #renew(): void {
    this.#doc.destroy();
    this.#doc = new Doc();
    this.#open = [];
    this.#edits = 0;
    this.#listen();
  }

  #listen(): void {
    this.#doc.on('update', (update: Uint8Array) => {
      this.#update = update;
    });
  }
}
