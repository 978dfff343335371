-- AlterTable: figures are read out of what workers report, so that they can be compared and sorted by.
ALTER TABLE "training_runs"
    ADD COLUMN "notes" TEXT,
    ADD COLUMN "tags" TEXT[] NOT NULL DEFAULT '{}',
    ADD COLUMN "provenance" JSONB,
    ADD COLUMN "rerunOfId" UUID,
    ADD COLUMN "testAccuracy" DOUBLE PRECISION GENERATED ALWAYS AS (("result" ->> 'testAccuracy')::double precision) STORED,
    ADD COLUMN "testLoss" DOUBLE PRECISION GENERATED ALWAYS AS (("result" ->> 'testLoss')::double precision) STORED,
    ADD COLUMN "seconds" DOUBLE PRECISION GENERATED ALWAYS AS (("result" ->> 'seconds')::double precision) STORED,
    ADD COLUMN "parameters" DOUBLE PRECISION GENERATED ALWAYS AS (("provenance" ->> 'parameters')::double precision) STORED;

-- CreateIndex
CREATE INDEX "training_runs_rerunOfId_idx" ON "training_runs"("rerunOfId");

-- CreateIndex
CREATE INDEX "training_runs_courseId_id_idx" ON "training_runs"("courseId", "id");

-- CreateIndex
CREATE INDEX "training_runs_labId_testAccuracy_idx" ON "training_runs"("labId", "testAccuracy");

-- CreateIndex
CREATE INDEX "training_runs_tags_idx" ON "training_runs" USING GIN ("tags");

-- AddForeignKey
ALTER TABLE "training_runs" ADD CONSTRAINT "training_runs_rerunOfId_fkey" FOREIGN KEY ("rerunOfId") REFERENCES "training_runs"("id") ON DELETE SET NULL ON UPDATE CASCADE;
