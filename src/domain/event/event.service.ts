import type { Database } from "../../platform/database/database";
import { pageOf } from "../../platform/database/page-loader";
import type { Page } from "../../platform/database/pages";
import type { PageArgs } from "../../schema-types/pages";
import type { AppService } from "../app/app.service";
import { EventDelivery } from "./event-delivery.entity";

export class EventService {
  constructor(
    private readonly db: Database,
    private readonly appService: AppService,
  ) {}

  async list(appId: string, page: PageArgs): Promise<Page<EventDelivery>> {
    await this.appService.get(appId);
    return pageOf(this.db, EventDelivery, { appId }, page, "DESC");
  }
}
