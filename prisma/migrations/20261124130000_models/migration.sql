-- AlterTable
ALTER TABLE "training_runs" ADD COLUMN     "sourceModelId" UUID;

-- CreateTable
CREATE TABLE "models" (
    "id" UUID NOT NULL,
    "ownerId" UUID NOT NULL,
    "title" TEXT NOT NULL,
    "modelKey" TEXT NOT NULL,
    "bytes" INTEGER NOT NULL,
    "inputShape" INTEGER[],
    "classNames" TEXT[],
    "parameters" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "models_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "models_ownerId_id_idx" ON "models"("ownerId", "id");

-- CreateIndex
CREATE INDEX "training_runs_sourceModelId_idx" ON "training_runs"("sourceModelId");

-- AddForeignKey
ALTER TABLE "training_runs" ADD CONSTRAINT "training_runs_sourceModelId_fkey" FOREIGN KEY ("sourceModelId") REFERENCES "models"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "models" ADD CONSTRAINT "models_ownerId_fkey" FOREIGN KEY ("ownerId") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
